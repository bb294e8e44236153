import { ConfigurationError } from "../errors.ts";
import { resolve } from "./resolve.ts";
import { DEFAULT_FILE, readFile } from "./file.ts";
import { type FlagArguments, parseFlags } from "./flags.ts";
import type { Loaded, LoadOptions } from "./loaded.ts";
import { rbacFromEnvironment } from "./rbac.ts";
import { eachSetting, environmentNames, type Setting, type SettingKey } from "./settings.ts";
import type { Candidate } from "./sources.ts";

/** The process environment, or one like it; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string>>;

/**
 * Reads the settings: flags over environment over file over defaults. Only the value that wins
 * is checked.
 *
 * @param args flags as on the command line, without program and command
 * @param environment such as `Deno.env.toObject()`
 * @param options what the caller needs
 * @returns the checked settings, and where each came from
 * @throws {ConfigurationError} every problem found, each with setting, source, what is wrong and
 *   what would be right; without any secret's value
 * @example
 * ```ts
 * const { settings, entries } = await loadSettings(["--port", "9090"], Deno.env.toObject());
 * settings.server.port; // 9090
 * entries[1]; // { key: "server.port", shown: "9090", source: "flag --port" }
 * ```
 */
export async function loadSettings(
  args: readonly string[],
  environment: Environment,
  options: LoadOptions = {},
): Promise<Loaded> {
  const flags = parseFlags(args, {}, true);
  refuse(flags.problems);
  if (flags.positionals.length > 0) {
    throw new ConfigurationError("flags are expected here, and there is an argument that is none");
  }
  return await loadWithFlags(flags, environment, options);
}

/** Like `loadSettings`, for flags that are parsed already and have no problems. */
export async function loadWithFlags(
  flags: FlagArguments,
  environment: Environment,
  options: LoadOptions = {},
): Promise<Loaded> {
  const path = flags.config ?? (environment["RANGER_CONFIG"] || undefined);
  const namedBy = flags.config !== undefined ? "flag --config" : "environment RANGER_CONFIG";
  const defaultFile = options.defaultFile ?? DEFAULT_FILE;
  const file = path !== undefined
    ? await readFile(path, namedBy)
    : defaultFile === ""
    ? undefined
    : await readFile(defaultFile, undefined);
  const problems = [...file?.problems ?? []];

  const candidates = new Map<SettingKey, Candidate>();
  for (const [key, setting] of eachSetting()) {
    candidates.set(
      key,
      fromFlags(flags, key, setting) ?? fromEnvironment(environment, key, setting) ??
        file?.settings.get(key) ?? { value: setting.default, source: "default", rank: 0 },
    );
  }
  const rbac = new Map([
    ...file?.rbac ?? [],
    ...rbacFromEnvironment(environment),
    ...flags.rbac,
  ]);
  const { settings, entries, values } = resolve(candidates, rbac, options, problems);
  refuse(problems);
  if (settings === undefined) throw new ConfigurationError("the settings cannot be put together");
  return { settings, entries, values, file: file === undefined ? undefined : path ?? defaultFile };
}

function fromFlags(
  flags: FlagArguments,
  key: SettingKey,
  { kind }: Setting,
): Candidate | undefined {
  const given = flags.settings.get(key);
  return typeof given?.value === "string" ? { ...given, value: kind.read(given.value) } : given;
}

function fromEnvironment(
  environment: Environment,
  key: SettingKey,
  { kind }: Setting,
): Candidate | undefined {
  for (const name of environmentNames(key)) {
    const text = environment[name];
    if (text) return { value: kind.read(text), source: `environment ${name}`, rank: 2 };
  }
  return undefined;
}

/** Throws all problems as one error; a single one without a list around it. */
function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const [only] = problems;
  throw new ConfigurationError(
    problems.length === 1 && only !== undefined
      ? only
      : [`${problems.length} things are wrong:`, ...problems.map((line) => `  - ${line}`)].join(
        "\n",
      ),
  );
}
