import { RBAC } from "./rbac.ts";
import {
  eachSetting,
  environmentNames,
  fileForm,
  type Section,
  SECTIONS,
  type Setting,
  type SettingKey,
} from "./settings.ts";

/**
 * Every flag, made from what declares it: the settings, and the commands' own options. The parser,
 * the help, the manual page, shell completion and the configuration document all read this.
 */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly help: string;
  /** The value's placeholder, such as `PORT`; undefined for a switch. */
  readonly placeholder: string | undefined;
  /** Values to suggest. */
  readonly words: readonly string[];
  /** Whether the value is the path of a file. */
  readonly isFile: boolean;
  /** What holds where the flag is not given, as text; undefined where nothing does. */
  readonly defaultText?: string | undefined;
  /** The setting that it sets. */
  readonly key?: SettingKey;
  /** Whether the value is the path of a file that holds the setting's value. */
  readonly inFile?: boolean;
  /** The value that a switch of a setting sets. */
  readonly sets?: boolean;
  /** The new name of a flag of an earlier version, which is accepted and not listed. */
  readonly renamedTo?: string;
}

/** A setting as help, manual page and documents list it. */
export interface ListedSetting {
  /** `server.port`, `rbac.<prefix>` */
  readonly key: string;
  /** One; a switch in its two forms; a secret with the flag for a file that holds it. */
  readonly flags: readonly Flag[];
  readonly environment: readonly string[];
  readonly defaultText: string;
  /** Whether the default's text is words about it, not a value. */
  readonly isWords: boolean;
  readonly help: string;
  /** Whether a running server applies it. */
  readonly live: boolean;
  /** Its key in an earlier version, which still works. */
  readonly formerKey: string | undefined;
  /** The key whose value is the path of a file that holds this one. */
  readonly fileKey: string | undefined;
}

/** How a command declares a flag. */
export type FlagOption = {
  readonly type: "string";
  readonly help: string;
  /** The value's placeholder in the help: `PATH`, `SECONDS`. */
  readonly value?: string;
  readonly default?: string;
  /** Values to suggest; others may be accepted as well. */
  readonly words?: readonly string[];
} | {
  readonly type: "boolean";
  readonly help: string;
};

/** A command's own flags by their long names, without dashes. */
export type FlagOptions = Readonly<Record<string, FlagOption>>;

/** The flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  switchFlag("help", "Shows this help"),
  switchFlag("version", "Shows the version"),
];

/** The flag that names the configuration file. */
export const CONFIG_FLAG: Flag = {
  ...valueFlag("config", "Configuration file", "PATH"),
  defaultText: "/etc/ranger/ranger.toml",
};

/** The flag that has unknown settings ignored, for the way back to an earlier version. */
export const IGNORE_UNKNOWN_FLAG: Flag = switchFlag(
  "ignore-unknown",
  "Ignores unknown settings of the file with a warning, such as those of a newer version",
);

/** The flags about how settings are read. */
export const LOADING_FLAGS: readonly Flag[] = [CONFIG_FLAG, IGNORE_UNKNOWN_FLAG];

/** `--rbac`, which may be repeated. */
const RBAC_FLAG: Flag = {
  ...valueFlag(RBAC.flag, RBAC.help, RBAC.placeholder),
  defaultText: "none",
};

const LISTED_RBAC: ListedSetting = {
  key: "rbac.<prefix>",
  flags: [RBAC_FLAG],
  environment: RBAC.environment,
  defaultText: "none",
  isWords: true,
  help: `${RBAC.help}; the prefixes public and private are reserved`,
  live: true,
  formerKey: undefined,
  fileKey: undefined,
};

/** Every setting, by section, in the order of the documents. */
export const LISTED_SETTINGS: ReadonlyMap<Section, readonly ListedSetting[]> = new Map(
  (Object.keys(SECTIONS) as Section[]).map((section) => [
    section,
    section === "rbac"
      ? [LISTED_RBAC]
      : eachSetting().filter(([key]) => key.startsWith(`${section}.`)).map(listed),
  ]),
);

/** The flags of all settings, and those about how they are read. */
export const SETTINGS_FLAGS: readonly Flag[] = [
  ...LOADING_FLAGS,
  ...[...LISTED_SETTINGS.values()].flat().flatMap(({ flags }) => flags),
];

/** Flags of earlier versions, which the parser still accepts. */
export const FORMER_FLAGS: readonly Flag[] = eachSetting().flatMap(([key, setting]) => {
  const { formerly } = setting;
  if (formerly === undefined) return [];
  const names = [formerly.flag, `no-${formerly.flag}`];
  return settingFlags(key, setting).map((flag, at) => ({
    ...flag,
    name: names[at]!,
    renamedTo: flag.name,
  }));
});

/**
 * A command's own flags.
 *
 * @example
 * ```ts
 * commandFlags({ quiet: { type: "boolean", help: "No progress" } })[0]?.name; // "quiet"
 * ```
 */
export function commandFlags(options: FlagOptions = {}): Flag[] {
  return Object.entries(options).map(([name, option]) =>
    option.type === "boolean" ? switchFlag(name, option.help) : {
      ...valueFlag(name, option.help, option.value ?? "TEXT", option.words),
      defaultText: option.default,
    }
  );
}

/**
 * How a flag is written.
 *
 * @example
 * ```ts
 * flagUsage(CONFIG_FLAG); // "--config PATH"
 * ```
 */
export function flagUsage({ name, placeholder }: Flag): string {
  return placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
}

function listed([key, setting]: readonly [SettingKey, Setting]): ListedSetting {
  return {
    key,
    flags: [...settingFlags(key, setting), ...fileFlags(key, setting)],
    environment: environmentNames(key),
    defaultText: defaultText(setting),
    isWords: setting.defaultText !== undefined,
    help: setting.help,
    live: setting.live === true,
    formerKey: setting.formerly?.key,
    fileKey: fileForm(key),
  };
}

/** One flag, or the two of a switch. */
function settingFlags(key: SettingKey, setting: Setting): readonly Flag[] {
  const { flag, kind, help } = setting;
  if (kind.placeholder !== "") {
    return [{
      ...valueFlag(flag, help, kind.placeholder, kind.words),
      defaultText: defaultText(setting),
      key,
    }];
  }
  return [
    { ...switchFlag(flag, help), key, sets: true },
    { ...switchFlag(`no-${flag}`, `Not: ${help}`), key, sets: false },
  ];
}

/** The flag that names a file with the value, for secrets: flags are visible in the process list. */
function fileFlags(key: SettingKey, { flag }: Setting): readonly Flag[] {
  if (fileForm(key) === undefined) return [];
  const help = `File that holds ${key}`;
  return [{ ...valueFlag(`${flag}-file`, help, "PATH"), defaultText: "none", key, inFile: true }];
}

function defaultText({ default: value, defaultText }: Setting): string {
  return defaultText ?? String(value);
}

function switchFlag(name: string, help: string): Flag {
  return { name, help, placeholder: undefined, words: [], isFile: false };
}

function valueFlag(
  name: string,
  help: string,
  placeholder: string,
  words: readonly string[] = [],
): Flag {
  return { name, help, placeholder, words, isFile: /^(FILE|PATH|PREFIX|KEY)\b/.test(placeholder) };
}
