import { parseArgs } from "node:util";
import { bothForms, bothNames, type Candidate } from "./candidate.ts";
import {
  COMMON_FLAGS,
  type Flag,
  FORMER_FLAGS,
  IGNORE_UNKNOWN_FLAG,
  SETTINGS_FLAGS,
} from "./flag_catalog.ts";
import { nearest } from "./nearest.ts";
import { insteadOf, takeDashed } from "./old_flags.ts";
import { RBAC, rbacFromFlag } from "./rbac.ts";
import type { SettingKey } from "./settings.ts";

/** A command line, parsed; only the names and the form of its flags are checked. */
export interface FlagArguments {
  readonly settings: ReadonlyMap<SettingKey, Candidate>;
  /** By prefix. */
  readonly rbac: ReadonlyMap<string, Candidate>;
  readonly config: string | undefined;
  /** Whether `--ignore-unknown` is given. */
  readonly ignoreUnknown: boolean;
  /** The command's own flags. */
  readonly own: ReadonlyMap<string, string | true>;
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  /** What is wrong, a sentence each; values are never quoted, since they may be secrets. */
  readonly problems: readonly string[];
}

/**
 * Parses a command line.
 *
 * @param args without program and command
 * @param own flags of the command itself
 * @param takesSettings whether the settings' flags, `--rbac` and `--config` are known
 * @returns what is given, and what is wrong with it
 * @example
 * ```ts
 * parseFlags(["--port", "80"], [], true).settings.get("server.port"); // { value: "80", … }
 * ```
 */
export function parseFlags(
  args: readonly string[],
  own: readonly Flag[],
  takesSettings: boolean,
): FlagArguments {
  const listed = [...COMMON_FLAGS, ...(takesSettings ? SETTINGS_FLAGS : []), ...own];
  const accepted = takesSettings ? [...listed, ...FORMER_FLAGS] : listed;
  const known = new Map(accepted.map((flag) => [flag.name, flag]));
  const settings = new Map<SettingKey, Candidate>();
  const rbac = new Map<string, Candidate>();
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  const problems: string[] = [];
  const { rest, dashed } = takeDashed(
    args,
    (name) => known.get(name)?.placeholder !== undefined,
  );
  const unknown = dashed.map((name) => unknownFlag(`-${name}`, name, listed, takesSettings));
  const seen = new Map<string, Flag>();
  for (const token of tokensOf(rest, accepted)) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) {
      unknown.push(unknownFlag(token.rawName, token.name, listed, takesSettings));
      continue;
    }
    const wrong = wrongForm(flag, token);
    if (wrong !== undefined) {
      problems.push(wrong);
      continue;
    }
    const { name, key } = flag;
    const value = token.value ?? true;
    if (takesSettings && name === RBAC.flag) {
      const problem = addRoles(rbac, String(value));
      if (problem !== undefined) problems.push(problem);
      continue;
    }
    const slot = key ?? name;
    const first = seen.get(slot);
    if (first !== undefined && !COMMON_FLAGS.includes(flag)) {
      problems.push(repeated(first, flag));
      continue;
    }
    seen.set(slot, flag);
    if (key === undefined) values.set(name, value);
    else settings.set(key, candidateOf(flag, value));
  }
  const config = values.get("config");
  return {
    ...{ settings, rbac, positionals },
    config: takesSettings && typeof config === "string" ? config : undefined,
    ignoreUnknown: takesSettings && values.has(IGNORE_UNKNOWN_FLAG.name),
    own: new Map([...values].filter(([name]) => own.some((flag) => flag.name === name))),
    help: values.has("help"),
    version: values.has("version"),
    // The word after an unknown flag may be its value, so nothing else is certain then.
    problems: unknown.length > 0 ? unknown : problems,
  };
}

function tokensOf(args: readonly string[], flags: readonly Flag[]) {
  const options = flags.map(({ name, placeholder }) =>
    [name, {
      type: placeholder === undefined ? "boolean" as const : "string" as const,
      ...(name === "help" ? { short: "h" } : {}),
    }] as const
  );
  return parseArgs({
    args: [...args],
    options: Object.fromEntries(options),
    allowPositionals: true,
    strict: false,
    tokens: true,
  }).tokens;
}

/** Why a known flag cannot be read, whatever its value means. */
function wrongForm(
  { name, placeholder }: Flag,
  { value, inlineValue }: {
    readonly value?: string | undefined;
    readonly inlineValue?: boolean | undefined;
  },
): string | undefined {
  if (placeholder === undefined) {
    return inlineValue === true ? `--${name} takes no value; expected --${name} alone` : undefined;
  }
  if (value !== undefined && (inlineValue === true || !isFlag(value))) return undefined;
  return `--${name} needs a value; expected --${name}=VALUE (the = is needed for a value that ` +
    "begins with a dash)";
}

/** @returns what is wrong with the value of `--rbac` */
function addRoles(rbac: Map<string, Candidate>, text: string): string | undefined {
  const given = rbacFromFlag(text);
  if (given === undefined) {
    return "--rbac needs a prefix and roles; expected --rbac admin=ROLE,ROLE";
  }
  if (rbac.has(given.prefix)) {
    return `--rbac names ${given.prefix} more than once; expected each prefix once`;
  }
  rbac.set(given.prefix, { value: given.roles, source: "flag --rbac", rank: 3 });
  return undefined;
}

function repeated(first: Flag, second: Flag): string {
  if (first.inFile !== second.inFile) return bothForms(`--${first.name}`, `--${second.name}`);
  const [former, present] = first.renamedTo === undefined ? [second, first] : [first, second];
  if (former.renamedTo !== undefined && present.renamedTo === undefined) {
    return bothNames({ from: `--${former.name}`, to: `--${former.renamedTo}` });
  }
  const both = second.sets === undefined ? "" : " (or its opposite)";
  return `--${second.name}${both} is given more than once; expected it once`;
}

function candidateOf({ name, sets, renamedTo, inFile }: Flag, value: string | true): Candidate {
  return {
    ...(inFile === true ? { inFile } : {}),
    ...{ value: sets ?? value, source: `flag --${name}`, rank: 3 },
    ...(renamedTo === undefined ? {} : { renamed: { from: `--${name}`, to: `--${renamedTo}` } }),
  };
}

function unknownFlag(
  written: string,
  name: string,
  listed: readonly Flag[],
  takesSettings: boolean,
): string {
  // A text that begins with dashes may be a secret after a flag that was mistyped.
  const shown = /^--?[a-z][\w-]{0,40}$/i.test(written) ? written : "(not shown)";
  const instead = takesSettings ? insteadOf(name) : undefined;
  if (instead !== undefined) return `unknown flag ${shown}; ${instead}`;
  if (listed.some((flag) => flag.name === name)) return `unknown flag ${shown}; use --${name}`;
  // Someone who writes --server-port knows the key in the file: that is a near name, too.
  const names = new Map(listed.map((flag) => [flag.name, flag.name]));
  for (const { name, key, sets } of listed) {
    if (key !== undefined && sets !== false) names.set(key.replace(/[._]/g, "-"), name);
  }
  const near = nearest(name, names.keys());
  const hint = near === undefined ? "--help lists the flags" : `did you mean --${names.get(near)}?`;
  return `unknown flag ${shown}; ${hint}`;
}

/** `-` alone, `-1` and `-----BEGIN` are values; `--port` and `-h` are flags. */
function isFlag(text: string): boolean {
  return /^--?[a-z]/i.test(text);
}
