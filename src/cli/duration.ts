import { ConfigurationError } from "../errors.ts";

const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads a time span as people write it.
 *
 * @param text `600`, `600s`, `10m`, `1h` or `7d`
 * @param flag for the message
 * @returns whole seconds, at least one
 * @throws {ConfigurationError} it is written in another way, or is zero
 *
 * @example
 * ```ts
 * parseDuration("10m", "--ttl"); // 600
 * ```
 */
export function parseDuration(text: string, flag: string): number {
  const [, count, unit = ""] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? NaN);
  if (seconds >= 1) return seconds;
  throw new ConfigurationError(
    `${flag} is ${JSON.stringify(text)}; right would be seconds, or 10m, 1h or 7d`,
  );
}
