import { type LiveSettings, liveSettings, type Settings } from "../config/shape.ts";

/**
 * How a running server applies its live settings, by section. A section that is declared live and
 * missing here does not compile, nor does a section that is not live.
 */
export type LiveTable = {
  readonly [Name in keyof LiveSettings]: (next: LiveSettings[Name]) => void | Promise<void>;
};

/**
 * The type of the rest of a section whose settings are taken one by one: a new live setting that is
 * not taken does not compile.
 *
 * @example
 * ```ts ignore
 * server: ({ origins, trustedProxies, ...rest }) => {
 *   rest satisfies Nothing;
 * ```
 */
export type Nothing = Readonly<Record<string, never>>;

/**
 * Applies the live part of the settings, all sections in one turn of the loop.
 *
 * @param next settings that are not live are not passed on
 */
export async function applyLive(table: LiveTable, next: Settings): Promise<void> {
  const live = liveSettings(next);
  const applied = Object.entries(table).map(([name, apply]) =>
    (apply as (next: unknown) => void | Promise<void>)(live[name as keyof LiveSettings])
  );
  await Promise.all(applied);
}
