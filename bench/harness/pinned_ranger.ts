import { program } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RUNTIME_ENVIRONMENT, V8_OPTION } from "../../scripts/runtime.ts";

/** The server's core; everything else inherits that of the benchmark (`taskset -c 1`). */
const SERVER_CORE = 0;

/**
 * Starts Ranger as the built program runs, on one core, and waits until it consumes.
 *
 * @param args its flags
 */
export async function startPinnedRanger(args: readonly string[]): Promise<RangerProcess> {
  const [file, run, ...rest] = program();
  // An executable has the flags in it.
  const flags = run === "run" ? [V8_OPTION] : [];
  const command = run === undefined ? [] : [run, ...flags, ...rest];
  const ranger = await startRanger({
    program: [file, ...command],
    env: RUNTIME_ENVIRONMENT,
    args,
  });
  await ranger.consuming();
  await new Deno.Command("taskset", {
    args: ["-a", "-c", "-p", String(SERVER_CORE), String(ranger.pid)],
  }).output();
  return ranger;
}
