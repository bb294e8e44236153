import { COMMIT, VERSION } from "../../src/version.ts";
import { V8_FLAGS } from "../../scripts/runtime.ts";
import { freePort } from "../../tests/support/ports.ts";
import { root } from "../harness/build.ts";
import { Program } from "../harness/process.ts";
import type { FedPeer, Place } from "./peer.ts";

/** Ranger itself, as it runs in production, from the source tree or from a built executable. */
export const ranger: FedPeer = {
  name: "ranger",
  about: "this project",
  scenarios: ["hot", "market", "wide", "private", "storm", "idle", "low", "start"],
  source: "fed",
  unavailable: () => Promise.resolve(undefined),
  version: () => Promise.resolve(`${VERSION}${COMMIT === "unknown" ? "" : ` ${COMMIT}`}`),
  path: (streams) =>
    streams.some((stream) => stream.includes("."))
      ? `/public/?stream=${streams.join(",")}`
      : `/private/?stream=${streams.join(",")}`,
  start(place, port) {
    const program = place.binary === undefined ? sourceTree() : [place.binary];
    return { running: startRanger(program, place, port) };
  },
};

/** Runs the source tree with the flags that are built into an executable. */
export function sourceTree(): string[] {
  const v8 = V8_FLAGS.length > 0 ? [`--v8-flags=${V8_FLAGS.join(",")}`] : [];
  return [Deno.execPath(), "run", "-A", ...v8, `${root}main.ts`];
}

/** Starts one form of Ranger with the benchmark's settings; they are production's own but for log and ports. */
export function startRanger(program: readonly string[], place: Place, port: number): Program {
  const { amqpUrl, exchange, serverCore, keys } = place;
  return Program.start([
    ...program,
    "serve",
    ...["--amqp-url", amqpUrl, "--exchange", exchange, "--jwt-public-key", keys.publicKey],
    ...["--host", "127.0.0.1", "--port", `${port}`],
    ...["--management-host", "127.0.0.1", "--management-port", `${freePort()}`],
    ...["--log-level", "warning"],
  ], { core: serverCore, cwd: root });
}
