import { freePort } from "../../testing/ports.ts";
import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import type { FedPeer, Place } from "./peer.ts";
import { managedOn, program, ranger, settingsFor } from "./ranger.ts";

/** Starts one process for each core given, and ends when they have; they are its children. */
const SHELL = `trap 'kill $pids' TERM; settings=$1; shift
for at in $settings; do
  taskset -c "\${at%:*}" "$@" --management-port "\${at#*:}" & pids="$pids $!"
done
wait; wait`;

/**
 * Several processes on one port, each with a core to itself or shared with the load.
 *
 * @param cores of each process
 */
export function rangerProcesses(cores: (place: Place) => readonly number[]): FedPeer {
  return {
    ...ranger,
    async start(place, port) {
      const managed = cores(place).map((core) => ({ core, port: freePort() }));
      const command = [...program(place), ...settingsFor(place, port), "--reuse-port"];
      const running = Program.start([
        ...["sh", "-c", SHELL, "sh", managed.map(({ core, port }) => `${core}:${port}`).join(" ")],
        ...command,
        ...managedOn(0).slice(0, 2),
      ], { cwd: root });
      let ended = false;
      running.ended.then(() => ended = true);
      for (const { port } of managed) {
        while (!ended && !(await isReady(port))) await new Promise((go) => setTimeout(go, 50));
      }
      return { running };
    },
  };
}

/** Whether the process with this management port takes events. */
async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
