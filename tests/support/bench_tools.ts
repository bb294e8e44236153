import { buildTools, type Tools } from "../../bench/harness/build.ts";
import { findExecutable } from "../../testing/executables.ts";

const compiler = findExecutable("cc", (Deno.env.get("PATH") ?? "").split(":"));
if (compiler === undefined) {
  console.error("skipped: tests of the benchmark's programs, because a C compiler (cc) is missing");
}

/** The benchmark's programs, as the sources are now; undefined without a C compiler. */
export const tools: Promise<Tools> | undefined = compiler === undefined ? undefined : buildTools();

/** A test that needs {@linkcode tools}: left out where there are none. */
export function testWithTools(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: tools === undefined, fn: run });
}
