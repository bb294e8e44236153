import type { Loaded } from "./loaded.ts";
import { type Setting, type SettingKey, SETTINGS } from "./settings.ts";

/** Checked values by key, secrets included: to compare, never to show. */
type Values = Loaded["values"];

/** The keys of the settings that differ between two readings. */
export interface Changes {
  /** Those that a running server applies. */
  readonly live: readonly string[];
  /** Those that need a restart. */
  readonly restart: readonly string[];
}

/**
 * Compares two readings of the settings.
 *
 * @example
 * ```ts
 * import { type Loaded } from "./loaded.ts";
 * declare const before: Loaded["values"], after: Loaded["values"];
 * changesOf(before, after); // { live: ["log.level"], restart: ["amqp.exchange"] }
 * ```
 */
export function changesOf(before: Values, after: Values): Changes {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  const changed = keys.filter((key) =>
    JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key))
  );
  return {
    live: changed.filter(isLive),
    restart: changed.filter((key) => !isLive(key)),
  };
}

/**
 * The values in force after a running server has applied what it can.
 *
 * @returns `after` for live settings, `before` for all others
 */
export function applied(before: Values, after: Values): Values {
  return new Map([
    ...[...before].filter(([key]) => !isLive(key)),
    ...[...after].filter(([key]) => isLive(key)),
  ]);
}

/** Whether a running server applies the setting when it reads them again. */
function isLive(key: string): boolean {
  if (key.startsWith("rbac.")) return true;
  const setting: Setting | undefined = SETTINGS[key as SettingKey] as Setting | undefined;
  return setting?.live === true;
}
