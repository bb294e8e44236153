import type { Kind } from "../kinds.ts";

/** One setting, declared once: flags, environment, file, help and documents follow from it. */
export interface Setting<T = unknown> {
  readonly kind: Kind<NonNullable<T>>;
  readonly default: T;
  /** What the documents show where the default depends on something else. */
  readonly defaultText?: string;
  /** The value in the example file, where the default is not a good example. */
  readonly example?: NonNullable<T>;
  /** The flag's long name; a switch also has it with `no-` in front. */
  readonly flag: string;
  /** Names that the older servers read, besides `RANGER_<SECTION>_<KEY>`. */
  readonly legacy?: readonly string[];
  /** The name of an earlier version, which still works and logs a warning. */
  readonly formerly?: { readonly key: string; readonly flag: string };
  readonly help: string;
  /** Completes "expected …". */
  readonly right: string;
  /** Errors never quote the value, and it is shown as `***` unless there is `show`. */
  readonly secret?: boolean;
  /** How people see the value, where not as it is. */
  show?(value: NonNullable<T>): string;
  /** Whether a running server applies it when it reads the settings again (SIGHUP). */
  readonly live?: boolean;
}

/** A setting that a running server applies. */
export interface LiveSetting<T = unknown> extends Setting<T> {
  readonly live: true;
}

// Used in several sections.
export const PORT = "a port number such as 8080, or 0 for any free port";
export const SECONDS = "a number of seconds such as 5";

/**
 * Declares a setting. The type of its values is given where kind and default alone would have it
 * too narrow or too wide.
 *
 * @example
 * ```ts
 * import { whole } from "../kinds.ts";
 *
 * const port = setting<number | undefined>({
 *   kind: whole(1, 65535, "PORT"),
 *   default: undefined,
 *   flag: "example-port",
 *   help: "A port",
 *   right: "a port number such as 5672",
 * });
 * ```
 */
export function setting<T>(declared: LiveSetting<T>): LiveSetting<T>;
export function setting<T>(declared: Setting<T> & { readonly live?: undefined }): Setting<T>;
export function setting<T>(declared: Setting<T>): Setting<T> {
  return declared;
}
