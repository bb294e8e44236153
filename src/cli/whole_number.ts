import { ConfigurationError } from "../errors.ts";

/**
 * Reads a whole number that a flag is given.
 *
 * @param text digits
 * @param flag for the message: `--seed`
 * @throws {ConfigurationError} it is none, or not from `low` to `high`
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
    `${flag} is ${JSON.stringify(text)}; right would be a whole number from ${low} to ${high}`,
  );
}
