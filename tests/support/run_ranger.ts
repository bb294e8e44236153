import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
const DECODER = new TextDecoder();

/** What a finished run of the program left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for what must be in neither. */
  readonly output: string;
}

/**
 * Runs the program to its end: the executable that `RANGER_BIN` names, else main.ts.
 *
 * @param args of the program
 * @param environment all that it sees, besides what the runtime itself needs
 * @returns exit code and output
 */
export async function runRanger(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const binary = Deno.env.get("RANGER_BIN");
  const [command, start] = binary === undefined
    ? [Deno.execPath(), ["run", "-A", fileURLToPath(new URL("main.ts", ROOT))]]
    : [binary, []];
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...start, ...args],
    clearEnv: true,
    env: { ...runtimeEnvironment(), ...environment },
    stdin: "null",
  }).output();
  const [out, err] = [DECODER.decode(stdout), DECODER.decode(stderr)];
  return { code, stdout: out, stderr: err, output: out + err };
}

/** What Deno needs to find its cache. */
function runtimeEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_REGISTRY"];
  return Object.fromEntries(
    names.map((name) => [name, Deno.env.get(name)] as const)
      .filter((pair): pair is readonly [string, string] => pair[1] !== undefined),
  );
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
