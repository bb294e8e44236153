import { ConfigurationError } from "../errors.ts";
import { bothNames, type Candidate } from "./candidate.ts";
import { DEFAULT_FILE, readFile } from "./file.ts";
import { type FlagArguments, parseFlags } from "./flags.ts";
import type { Loaded, LoadOptions, RenamedSetting } from "./loaded.ts";
import { rbacFromEnvironment } from "./rbac.ts";
import { resolve } from "./resolve.ts";
import {
  eachSetting,
  environmentName,
  environmentNames,
  type Setting,
  type SettingKey,
} from "./settings.ts";

/** The process environment, or one like it; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string>>;

/**
 * Reads the settings: flags over environment over file over defaults. Only the value that wins
 * is checked.
 *
 * @param args flags as on the command line, without program and command
 * @param environment such as `Deno.env.toObject()`
 * @param options what the caller needs
 * @returns the checked settings, and the source of each
 * @throws {ConfigurationError} every problem found, each with setting, source, what is wrong and
 *   what is expected; without any secret's value
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
  const flags = parseFlags(args, [], true);
  refuse(flags.problems);
  if (flags.positionals.length > 0) {
    throw new ConfigurationError("there is an argument that is not a flag; expected flags alone");
  }
  return await loadWithFlags(flags, environment, options);
}

/** Like `loadSettings`, for flags that are parsed already and have no problems. */
export async function loadWithFlags(
  flags: FlagArguments,
  processEnvironment: Environment,
  options: LoadOptions = {},
): Promise<Loaded> {
  const { environment = processEnvironment, environmentFiles } = options;
  const sourceOf = (name: string) => {
    const file = environmentFiles?.get(name);
    return `environment ${name}${file === undefined ? "" : `, set in ${file}`}`;
  };
  const path = flags.config ?? (environment["RANGER_CONFIG"] || undefined);
  const namedBy = flags.config !== undefined ? "flag --config" : sourceOf("RANGER_CONFIG");
  const defaultFile = options.defaultFile ?? DEFAULT_FILE;
  const file = path !== undefined
    ? await readFile(path, namedBy)
    : defaultFile === ""
    ? undefined
    : await readFile(defaultFile, undefined);
  const problems = [...file?.problems ?? []];

  const candidates = new Map<SettingKey, Candidate>();
  const renamed: RenamedSetting[] = [];
  for (const [key, setting] of eachSetting()) {
    const given = [
      fromFlags(flags, key, setting),
      fromEnvironment(environment, key, setting, sourceOf, problems),
      file?.settings.get(key),
    ].filter((candidate) => candidate !== undefined);
    candidates.set(key, given[0] ?? { value: setting.default, source: "default", rank: 0 });
    for (const { renamed: names, source } of given) {
      if (names !== undefined) renamed.push({ ...names, source });
    }
  }
  const rbac = new Map([
    ...file?.rbac ?? [],
    ...rbacFromEnvironment(environment, sourceOf),
    ...flags.rbac,
  ]);
  const resolved = resolve(candidates, rbac, options, problems);
  refuse(problems);
  if (resolved === undefined) throw new TypeError("resolve reports a problem or gives a result");
  return { ...resolved, file: file === undefined ? undefined : path ?? defaultFile, renamed };
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
  { kind, formerly }: Setting,
  sourceOf: (name: string) => string,
  problems: string[],
): Candidate | undefined {
  const name = environmentNames(key).find((name) => environment[name]);
  const former = formerly === undefined ? undefined : environmentName(formerly.key);
  const used = name ?? former;
  const text = used === undefined ? undefined : environment[used];
  if (used === undefined || !text) return undefined;
  const candidate = { value: kind.read(text), source: sourceOf(used), rank: 2 } as const;
  if (former === undefined || !environment[former]) return candidate;
  const renamed = { from: former, to: environmentName(key) };
  if (name === undefined) return { ...candidate, renamed };
  problems.push(`environment: ${bothNames(renamed)}`);
  return candidate;
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
