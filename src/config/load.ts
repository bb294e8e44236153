import { ConfigurationError } from "../errors.ts";
import type { Candidate } from "./candidate.ts";
import {
  type Environment,
  fromEnvironment,
  unknownFiles,
  unknownVariables,
} from "./environment.ts";
import { DEFAULT_FILE, readFile } from "./file.ts";
import { type FlagArguments, parseFlags } from "./flags.ts";
import { toggle } from "./kinds.ts";
import type { Loaded, LoadOptions, NamedFile, RenamedSetting } from "./loaded.ts";
import { rbacFromEnvironment } from "./rbac.ts";
import { resolve } from "./resolve.ts";
import { eachSetting, type Setting, type SettingKey } from "./settings.ts";
import { type Credentials, readValueFile, resolvePath } from "./value_file.ts";

/** The variable for `--ignore-unknown`. */
const IGNORE_UNKNOWN = "RANGER_IGNORE_UNKNOWN";

/** Said once after unknown settings. */
const UNKNOWN_HINT = "Settings of a newer version are ignored with --ignore-unknown or " +
  `${IGNORE_UNKNOWN}=true.`;

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
  const credentials = {
    directory: environment["CREDENTIALS_DIRECTORY"] || undefined,
    files: options.credentials ?? new Map<string, string>(),
  };
  const named = flags.config ?? (environment["RANGER_CONFIG"] || undefined);
  const namedBy = flags.config !== undefined ? "flag --config" : sourceOf("RANGER_CONFIG");
  const resolvedPath = named === undefined ? undefined : resolvePath(named, credentials);
  if (typeof resolvedPath === "string") {
    throw new ConfigurationError(`the configuration file, named by ${namedBy}: ${resolvedPath}`);
  }
  const path = resolvedPath?.path;
  const defaultFile = options.defaultFile ?? DEFAULT_FILE;
  const file = path !== undefined
    ? await readFile(path, namedBy)
    : defaultFile === ""
    ? undefined
    : await readFile(defaultFile, undefined);
  const unknown = [...file?.unknown ?? [], ...unknownFiles(environment, sourceOf)];
  const ignores = ignoresUnknown(flags, environment, sourceOf);
  const problems = [
    ...file?.problems ?? [],
    ...(typeof ignores === "string" ? [ignores] : []),
    ...(ignores === true ? [] : unknown),
  ];
  const files: NamedFile[] = [];

  const candidates = new Map<SettingKey, Candidate>();
  const renamed: RenamedSetting[] = [];
  for (const [key, setting] of eachSetting()) {
    const given = [
      fromFlags(flags, key, setting),
      fromEnvironment(environment, key, setting, sourceOf, problems),
      file?.settings.get(key),
    ].filter((candidate) => candidate !== undefined);
    const [first = { value: setting.default, source: "default", rank: 0 } as const] = given;
    candidates.set(key, await resolveFile(key, setting, first, credentials, files, problems));
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
  refuse(problems, unknown.length > 0 && ignores === false ? UNKNOWN_HINT : "");
  if (resolved === undefined) throw new TypeError("resolve reports a problem or gives a result");
  return {
    ...resolved,
    file: file === undefined ? undefined : path ?? defaultFile,
    files,
    renamed,
    ignored: unknown,
    unknownVariables: unknownVariables(environment, sourceOf),
  };
}

/** @returns what is wrong with the variable, where something is */
function ignoresUnknown(
  { ignoreUnknown }: FlagArguments,
  environment: Environment,
  sourceOf: (name: string) => string,
): boolean | string {
  const text = environment[IGNORE_UNKNOWN];
  if (ignoreUnknown || !text) return ignoreUnknown;
  const { schema, read } = toggle();
  const { data } = schema.safeParse(read(text));
  return data ?? `${sourceOf(IGNORE_UNKNOWN)} is neither true nor false; expected true or false`;
}

function fromFlags(
  flags: FlagArguments,
  key: SettingKey,
  { kind }: Setting,
): Candidate | undefined {
  const given = flags.settings.get(key);
  if (given?.inFile === true) return given;
  return typeof given?.value === "string" ? { ...given, value: kind.read(given.value) } : given;
}

/**
 * Replaces a path by what it means: without `$CREDENTIALS_DIRECTORY`, and where the setting's value
 * is in that file, by that value.
 *
 * @param files gets the file
 */
async function resolveFile(
  key: SettingKey,
  { kind }: Setting,
  candidate: Candidate,
  credentials: Credentials,
  files: NamedFile[],
  problems: string[],
): Promise<Candidate> {
  const { value, source, inFile = false } = candidate;
  if (typeof value !== "string" || value === "" || !(inFile || kind.isPath === true)) {
    return candidate;
  }
  const resolved = resolvePath(value, credentials);
  if (typeof resolved === "string") {
    problems.push(`${key}, from ${source}: ${resolved}`);
    return candidate;
  }
  const { path } = resolved;
  files.push({ setting: key, ...resolved });
  if (!inFile) return { ...candidate, value: path };
  const read = await readValueFile(key, { ...candidate, value: path }, problems);
  return read === undefined ? candidate : { ...read, value: kind.read(read.value) };
}

/**
 * Throws all problems as one error; a single one without a list around it.
 *
 * @param hint goes below them
 */
function refuse(problems: readonly string[], hint = ""): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const lines = others.length === 0
    ? [first]
    : [`${problems.length} things are wrong:`, ...problems.map((line) => `  - ${line}`)];
  throw new ConfigurationError([...lines, ...(hint === "" ? [] : [hint])].join("\n"));
}
