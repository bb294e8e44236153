import type { Settings } from "./types.ts";

/** One setting as it is in force, and who decided it. */
export interface Entry {
  /** `server.port`, `rbac.admin` */
  readonly key: string;
  /** What a person may see: secrets are hidden, keys are summed up. */
  readonly shown: string;
  /** `flag --port`, `environment RANGER_PORT`, `file /etc/ranger/ranger.toml`, `default` */
  readonly source: string;
}

/** What loading gives: the checked settings, and for each one where it came from. */
export interface Loaded {
  readonly settings: Settings;
  readonly entries: readonly Entry[];
  /** Every setting's checked value by key, secrets included: to compare, never to show. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The configuration file that was read, where there was one. */
  readonly file: string | undefined;
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
   * Whether the log goes to a terminal, which decides how it looks.
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
}
