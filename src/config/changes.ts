import type { Loaded } from "./loaded.ts";
import { type Setting, type SettingKey, SETTINGS } from "./settings.ts";

/** Checked values by key, secrets included: to compare, never to show. */
type Values = Loaded["values"];

/** What changed from one reading of the settings to another, by key. */
export interface Changes {
  /** Those that a running server takes. */
  readonly live: readonly string[];
  /** Those that it takes at its next start. */
  readonly restart: readonly string[];
}

/**
 * Compares two readings of the settings.
 *
 * @example
 * ```ts
 * changesOf(inForce.values, next.values); // { live: ["log.level"], restart: ["amqp.exchange"] }
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
 * What is in force once a running server took what it can.
 *
 * @returns `after` for settings that are taken while it runs, `before` for all others
 */
export function taken(before: Values, after: Values): Values {
  return new Map([
    ...[...before].filter(([key]) => !isLive(key)),
    ...[...after].filter(([key]) => isLive(key)),
  ]);
}

/** Whether a running server takes the setting when it reads them again. */
export function isLive(key: string): boolean {
  if (key.startsWith("rbac.")) return true;
  const setting: Setting | undefined = SETTINGS[key as SettingKey] as Setting | undefined;
  return setting?.live === true;
}
