import { type Outcome as Ended, runRanger as runProgram } from "../../testing/program.ts";

/** What a finished run of the program left. */
export interface Outcome extends Ended {
  /** Both streams, for what must be in neither. */
  readonly output: string;
}

/** Flags that keep `ranger check` from a Ranger that is installed on this machine. */
export const NOT_INSTALLED: readonly string[] = ["--unit=none", "--environment-file=/dev/null"];

/**
 * Runs the program to its end, as `runRanger` of program.ts does.
 *
 * @param args of the program
 * @param environment all that it sees, besides what the runtime itself needs
 * @returns exit code and output
 */
export async function runRanger(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const ended = await runProgram(args, { env: { ...environment } });
  return { ...ended, output: ended.stdout + ended.stderr };
}

/**
 * A folder that is gone when the test's scope ends.
 *
 * @example
 * ```ts
 * await using folder = await temporaryFolder();
 * const path = await folder.write("ranger.toml", "[server]\nport = 0\n");
 * ```
 */
export async function temporaryFolder() {
  const path = await Deno.makeTempDir({ prefix: "ranger-test-" });
  return {
    path,
    /** Writes a file and returns its path. */
    async write(name: string, text: string): Promise<string> {
      await Deno.writeTextFile(`${path}/${name}`, text);
      return `${path}/${name}`;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Deno.remove(path, { recursive: true });
    },
  };
}
