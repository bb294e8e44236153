import { type Outcome, ROOT, runProgram } from "../../testing/program.ts";

/**
 * Builds the program into a folder, as `make build` or `make build-tree` does.
 *
 * @param kind `executable` needs DENORT_BIN in the environment, or the download of a runtime
 * @param folder stands for dist
 * @param env goes over the environment of the tests
 * @returns how the build ended, and the path of what it made
 * @example
 * ```ts
 * import { startRanger } from "../../testing/ranger.ts";
 * const { program } = await build("tree", await Deno.makeTempDir());
 * await startRanger({ program: [program], command: "demo" });
 * ```
 */
export async function build(
  kind: "executable" | "tree",
  folder: string,
  env: Record<string, string> = {},
): Promise<Outcome & { program: string }> {
  const outcome = await runProgram(
    [Deno.execPath(), "run", "-A", `${ROOT}scripts/build.ts`],
    [kind],
    // The runtime that CI has for the executable is older than what systemd needs.
    { env: { ...compilerEnvironment(), WITHOUT_NOTIFY: "1", DIST: folder, ...env } },
  );
  return { ...outcome, program: `${folder}/${kind === "tree" ? "ranger-tree/ranger" : "ranger"}` };
}

function compilerEnvironment(): Record<string, string> {
  const names = ["DENORT_BIN", "DENO_COMPILE"];
  return Object.fromEntries(
    names.map((name) => [name, Deno.env.get(name) ?? ""]).filter(([, value]) => value !== ""),
  );
}
