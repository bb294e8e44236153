import type { Renaming } from "./candidate.ts";
import type { SettingKey } from "./settings.ts";
import type { Settings } from "./shape.ts";
import type { ResolvedPath } from "./value_file.ts";

/** One setting in force, and the source that decided it. */
export interface Entry {
  /** `server.port`, `rbac.admin` */
  readonly key: string;
  /** The value for people: secrets are hidden, keys are summarised. */
  readonly shown: string;
  /** `flag --port`, `environment RANGER_PORT`, `file /etc/ranger/ranger.toml`, `default` */
  readonly source: string;
}

/** The result of loading: the checked settings, and the source of each. */
export interface Loaded {
  readonly settings: Settings;
  readonly entries: readonly Entry[];
  /** Every setting's checked value by key, secrets included: to compare, never to show. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The configuration file that was read, where there was one. */
  readonly file: string | undefined;
  /** The files that settings name, the configuration file not among them. */
  readonly files: readonly NamedFile[];
  /** The names of earlier versions that some source still uses. */
  readonly renamed: readonly RenamedSetting[];
  /** Unknown settings that are ignored, a sentence each (`--ignore-unknown`). */
  readonly ignored: readonly string[];
  /** Environment variables that look like Ranger's and belong to no setting, a sentence each. */
  readonly unknownVariables: readonly string[];
}

/** A file that a setting names, or that holds its value. */
export interface NamedFile extends ResolvedPath {
  readonly setting: SettingKey;
}

/** A source that uses a setting's name of an earlier version. */
export interface RenamedSetting extends Renaming {
  readonly source: string;
}

/** What a caller may ask of loading. */
export interface LoadOptions {
  /**
   * `true`: a missing `auth.public_key` is an error unless `--no-auth` is given.
   * `false` for commands that work without a key.
   *
   * @default true
   */
  readonly requireKey?: boolean;
  /**
   * Whether the log goes to a terminal, which decides its format where none is set.
   *
   * @default `Deno.stderr.isTerminal()`
   */
  readonly terminal?: boolean;
  /**
   * The file that is read where neither `--config` nor `RANGER_CONFIG` names one, if it exists;
   * empty for none.
   *
   * @default "/etc/ranger/ranger.toml"
   */
  readonly defaultFile?: string;
  /** Environment variables to read in place of those of the process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The files that environment variables come from, by the variable's name. */
  readonly environmentFiles?: ReadonlyMap<string, string>;
  /** The files of credentials by their names, where systemd has not put them in place yet. */
  readonly credentials?: ReadonlyMap<string, string>;
}
