import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * The command that starts Ranger: the program named by RANGER_BIN where that is set (the
 * executable or the folder's launcher), else the sources.
 *
 * @example
 * ```ts
 * const [file, ...first] = program(); // ["deno", "run", "-A", "…/main.ts"]
 * ```
 */
export function program(): [string, ...string[]] {
  const built = Deno.env.get("RANGER_BIN");
  if (built) return [built];
  return fromSources();
}

/**
 * The command that starts Ranger from its sources.
 *
 * @param flags more of Deno's, such as `V8_OPTION` of `scripts/runtime.ts`
 */
export function fromSources(...flags: readonly string[]): [string, ...string[]] {
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    `--config=${ROOT}deno.json`,
    ...flags,
    `${ROOT}main.ts`,
  ];
}

/**
 * The command that starts Ranger with a module of this folder loaded before it, to put a fault in.
 * From the sources, whatever is tested otherwise: only there can one be put in.
 *
 * @param module `fault_on_signal.ts`
 */
export function preloaded(module: string): [string, ...string[]] {
  return fromSources(`--preload=${ROOT}tests/support/${module}`);
}

/**
 * The part of the tests' environment that the program may see: where Deno's cache and
 * certificates are and how packages are reached, and nothing that Ranger would take for a setting.
 */
export function cleanEnvironment(): Record<string, string> {
  const passed = new RegExp(
    "^(PATH|HOME|TMPDIR|LANG|NO_COLOR|XDG_CACHE_HOME|DENO_\\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_\\w+|" +
      "NPM_CONFIG_\\w+|(HTTPS?|ALL|NO)_PROXY)$",
    "i",
  );
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => passed.test(name)),
  );
}

/** How a command ended, and what it wrote. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command runs with. */
export interface RunOptions {
  /** Added to a clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input. */
  readonly stdin?: string;
  /** Where it runs. */
  readonly cwd?: string;
}

/**
 * Runs Ranger with a command that ends by itself.
 *
 * @param args command and flags
 * @returns how it ended; exit codes other than 0 do not throw
 * @throws Error when it runs for more than three minutes
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * const { code, stderr } = await runRanger(["serve", "--prot", "80"]);
 * assert.equal(code, 78);
 * ```
 */
export async function runRanger(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return await runProgram(program(), args, options);
}

/** As `runRanger`, with any program: a built one, or a tool such as make. */
export async function runProgram(
  [file, ...first]: readonly [string, ...string[]],
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = new Deno.Command(file, {
    args: [...first, ...args],
    clearEnv: true,
    env: { ...cleanEnvironment(), ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // What does not read its standard input may close it first.
  const written = writer.write(new TextEncoder().encode(options.stdin ?? ""))
    .then(() => writer.close()).catch(() => {});
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 3 * 60_000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  await written;
  const decoder = new TextDecoder();
  const outcome = { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  if (late) throw new Error(`${file} ${args.join(" ")} ran for three minutes\n${outcome.stderr}`);
  return outcome;
}
