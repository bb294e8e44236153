import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";
import { insteadOf, takeDashed } from "./old_flags.ts";
import { RBAC, rbacFromFlag } from "./rbac.ts";
import { eachSetting, type SettingKey } from "./settings.ts";
import type { Candidate } from "./sources.ts";

/** Flags that a command has besides the settings'. */
export type OwnFlags = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

/** What stood on the command line, taken apart; nothing is checked but the flags' names and form. */
export interface FlagArguments {
  readonly settings: ReadonlyMap<SettingKey, Candidate>;
  /** By prefix. */
  readonly rbac: ReadonlyMap<string, Candidate>;
  readonly config: string | undefined;
  readonly own: ReadonlyMap<string, string | true>;
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  /** What is wrong, a sentence each; values are never quoted, they may be secrets. */
  readonly problems: readonly string[];
}

/** What a long flag means. */
interface Meaning {
  readonly takesValue: boolean;
  readonly key?: SettingKey;
  /** What a switch of a setting stands for. */
  readonly value?: boolean;
}

const EVERYWHERE: readonly (readonly [string, Meaning])[] = [
  ["help", { takesValue: false }],
  ["version", { takesValue: false }],
];
const SETTINGS_FLAGS = settingsFlags();

/**
 * Takes a command line apart.
 *
 * @param args without program and command
 * @param own flags of the command itself
 * @param takesSettings whether the settings' flags, `--rbac` and `--config` are known
 * @returns what was given, and what is wrong with it
 * @example
 * ```ts
 * parseFlags(["--port", "80"], {}, true).settings.get("server.port"); // { value: "80", … }
 * ```
 */
export function parseFlags(
  args: readonly string[],
  own: OwnFlags,
  takesSettings: boolean,
): FlagArguments {
  const known = new Map<string, Meaning>([
    ...EVERYWHERE,
    ...(takesSettings ? SETTINGS_FLAGS : []),
    ...Object.entries(own).map(([name, { type }]) =>
      [name, { takesValue: type === "string" }] as const
    ),
  ]);
  const { rest: dashedOff, dashed } = takeDashed(
    args,
    (name) => known.get(name)?.takesValue === true,
  );
  const { tokens } = parseArgs({
    args: [...dashedOff],
    options: Object.fromEntries(
      [...known].map(([name, { takesValue }]) =>
        [name, {
          type: takesValue ? "string" as const : "boolean" as const,
          ...(name === "help" ? { short: "h" } : {}),
        }] as const
      ),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });

  const settings = new Map<SettingKey, Candidate>();
  const rbac = new Map<string, Candidate>();
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  const problems: string[] = [];
  const unknown = dashed.map((name) => unknownFlag(`-${name}`, name, known, takesSettings));
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const meaning = known.get(token.name);
    const written = `--${token.name}`;
    if (meaning === undefined) {
      unknown.push(unknownFlag(token.rawName, token.name, known, takesSettings));
      continue;
    }
    if (!meaning.takesValue && token.inlineValue === true) {
      problems.push(`${written} takes no value; right would be ${written} alone`);
      continue;
    }
    const { value } = token;
    if (meaning.takesValue && (value === undefined || (!token.inlineValue && isFlag(value)))) {
      problems.push(
        `${written} needs a value; right would be ${written}=VALUE (with the = also for a value ` +
          "that begins with a dash)",
      );
      continue;
    }
    if (token.name === RBAC.flag && takesSettings) {
      const given = rbacFromFlag(value ?? "");
      if (given === undefined) {
        problems.push(`--rbac needs a prefix and roles; right would be --rbac admin=ROLE,ROLE`);
      } else if (rbac.has(given.prefix)) {
        problems.push(`--rbac names ${given.prefix} more than once; once is right`);
      } else {
        rbac.set(given.prefix, { value: given.roles, source: "flag --rbac", rank: 3 });
      }
      continue;
    }
    const { key } = meaning;
    const slot = key ?? token.name;
    if (seen.has(slot) && token.name !== "help" && token.name !== "version") {
      const both = meaning.value === undefined ? written : `${written} (or its opposite)`;
      problems.push(`${both} is given more than once; once is right`);
      continue;
    }
    seen.add(slot);
    if (key === undefined) values.set(token.name, value ?? true);
    else settings.set(key, { value: meaning.value ?? value, source: `flag ${written}`, rank: 3 });
  }
  const { config, ...rest } = { config: values.get("config"), settings, rbac, positionals };
  return {
    ...rest,
    config: takesSettings && typeof config === "string" ? config : undefined,
    own: new Map([...values].filter(([name]) => Object.hasOwn(own, name))),
    help: values.has("help"),
    version: values.has("version"),
    // What follows an unknown flag may be its value, so nothing else is certain then.
    problems: unknown.length > 0 ? unknown : problems,
  };
}

/** The flags' long names by setting, switches in both forms, with `--rbac` and `--config`. */
function settingsFlags(): readonly (readonly [string, Meaning])[] {
  const flags: (readonly [string, Meaning])[] = [
    ["config", { takesValue: true }],
    [RBAC.flag, { takesValue: true }],
  ];
  for (const [key, { flag, kind }] of eachSetting()) {
    if (kind.placeholder !== "") flags.push([flag, { takesValue: true, key }]);
    else {
      flags.push([flag, { takesValue: false, key, value: true }]);
      flags.push([`no-${flag}`, { takesValue: false, key, value: false }]);
    }
  }
  return flags;
}

function unknownFlag(
  written: string,
  name: string,
  known: ReadonlyMap<string, unknown>,
  takesSettings: boolean,
): string {
  // A text that begins with dashes may be a secret whose flag was mistyped.
  const shown = /^--?[a-z][\w-]{0,40}$/i.test(written) ? written : "of that name (not shown)";
  const instead = takesSettings ? insteadOf(name) : undefined;
  if (instead !== undefined) return `there is no flag ${shown}; ${instead}`;
  if (known.has(name)) return `there is no flag ${shown}; right would be --${name}`;
  // Who writes --server-port knows the file's name for it: that is a near name, too.
  const names = new Map([...known.keys()].map((flag) => [flag, flag]));
  if (takesSettings) {
    for (const [key, { flag }] of eachSetting()) names.set(key.replace(/[._]/g, "-"), flag);
  }
  const near = nearest(name, names.keys());
  const hint = near === undefined
    ? "--help lists the flags"
    : `the nearest is --${names.get(near)}`;
  return `there is no flag ${shown}; ${hint}`;
}

/** `-` alone, `-1` and `-----BEGIN` are values; `--port` and `-h` are flags. */
function isFlag(text: string): boolean {
  return /^--?[a-z]/i.test(text);
}
