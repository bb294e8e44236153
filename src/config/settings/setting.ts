import type { Kind } from "../kinds.ts";

/** One setting, declared once: flags, environment, file, help and documents follow from it. */
export interface Setting<T = unknown> {
  readonly kind: Kind<NonNullable<T>>;
  readonly default: T;
  /** What the documents say where the default depends on something else. */
  readonly defaultText?: string;
  /** The flag's long name; a switch also has it with `no-` in front. */
  readonly flag: string;
  /** Names that the older servers read, besides `RANGER_<SECTION>_<KEY>`. */
  readonly legacy?: readonly string[];
  readonly help: string;
  /** Completes "right would be …". */
  readonly right: string;
  /** Never shown, not in errors either. */
  readonly secret?: boolean;
  /** Whether a running server takes it when it reads the settings again (SIGHUP). */
  readonly live?: boolean;
}

// What is right in several sections.
export const PORT = "a port number such as 8080, or 0 for any free port";
export const SECONDS = "a number of seconds such as 5";

/**
 * Declares a setting. The type of its values is given where kind and default alone would have it
 * too narrow or too wide.
 *
 * @example
 * ```ts
 * setting<number | undefined>({ kind: whole(1, 65535, "PORT"), default: undefined, … });
 * ```
 */
export function setting<T>(declared: Setting<T>): Setting<T> {
  return declared;
}
