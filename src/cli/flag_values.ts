import { ConfigurationError } from "../errors.ts";

/** Seconds by unit. */
const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads the whole number that a flag is given.
 *
 * @param text digits
 * @param flag for the message: `--seed`
 * @throws {ConfigurationError} it is not a whole number from `low` to `high`
 *
 * @example
 * ```ts
 * wholeNumber("12", "--count", 1, 100); // 12
 * ```
 */
export function wholeNumber(text: string, flag: string, low: number, high: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= low && number <= high) return number;
  throw new ConfigurationError(
    `${flag} is ${JSON.stringify(text)}; expected a whole number from ${low} to ${high}`,
  );
}

/**
 * Reads the duration that a flag is given.
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
  const seconds = Number(count) * (UNITS[unit] ?? NaN);
  if (seconds >= 1) return seconds;
  throw new ConfigurationError(
    `${flag} is ${JSON.stringify(text)}; expected seconds, or 10m, 1h or 7d`,
  );
}
