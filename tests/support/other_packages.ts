import { ROOT, runProgram } from "../../testing/program.ts";

/**
 * Runs a script with packages that only tests need, by another Deno with another lock file: they
 * bring hundreds of packages along that the program does not have, and whose types would replace
 * those of Deno. The script reads its value from the file `Deno.args[0]` and prints its result as
 * JSON.
 *
 * @param lock the lock file, in tests/support
 * @returns what it printed
 * @throws {Error} its packages cannot be fetched, or it cannot be run
 * @example
 * ```ts
 * const script = `console.log(await Deno.readTextFile(Deno.args[0]))`;
 * await runWithPackages(script, "packaging.lock", { a: 1 }); // { a: 1 }
 * ```
 */
export async function runWithPackages<Result>(
  script: string,
  lock: string,
  value: unknown,
): Promise<Result> {
  // In a file: a few documents are longer than one argument of a program may be.
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(value));
    const { code, stdout, stderr } = await runProgram(
      [Deno.execPath(), "run", "--quiet", "--no-config", "--frozen"],
      [
        `--lock=${ROOT}tests/support/${lock}`,
        ...["--allow-read", "--allow-env", "--allow-sys", "-", file],
      ],
      { stdin: script },
    );
    if (code !== 0) throw new Error(`a script with ${lock} ended with ${code}\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(file);
  }
}
