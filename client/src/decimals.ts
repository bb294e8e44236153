/** An exact decimal number: its digits as an integer, and the number of decimal places. */
export interface ParsedDecimal {
  readonly digits: bigint;
  readonly places: number;
}

export const ZERO: ParsedDecimal = { digits: 0n, places: 0 };

/** @returns `undefined` if the value is not a decimal number */
export function parseDecimal(value: unknown): ParsedDecimal | undefined {
  const found = /^([+-]?\d+)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(
    typeof value === "object" ? "" : String(value),
  );
  if (!found) return undefined;
  const [, whole, fraction = "", exponent = 0] = found;
  const digits = BigInt(whole + fraction);
  const places = fraction.length - Number(exponent);
  return places < 0 ? { digits: digits * 10n ** BigInt(-places), places: 0 } : { digits, places };
}

/** @returns `a + sign * b` */
export function add(a: ParsedDecimal, b: ParsedDecimal, sign: 1n | -1n = 1n): ParsedDecimal {
  const places = Math.max(a.places, b.places);
  const scaled = (one: ParsedDecimal) =>
    one.places === places ? one.digits : one.digits * 10n ** BigInt(places - one.places);
  return { digits: scaled(a) + sign * scaled(b), places };
}

export function compare(a: ParsedDecimal, b: ParsedDecimal): number {
  return Math.sign(Number(add(a, b, -1n).digits));
}

export function formatDecimal({ digits, places }: ParsedDecimal): string {
  const text = String(digits).replace(/\d+/, (all) => all.padStart(places + 1, "0"));
  return places > 0 ? `${text.slice(0, -places)}.${text.slice(-places)}` : text;
}

/**
 * Compares two decimal numbers exactly: no digit is lost to floating point.
 *
 * @returns -1 if `a` is less than `b`, 0 if they are equal, 1 if `a` is greater
 * @throws {TypeError} a value is not a decimal number
 *
 * @example
 * ```ts
 * import { compareDecimals } from "@ranger-ws/client";
 *
 * ["10.0", "9.9"].sort(compareDecimals); // ["9.9", "10.0"]
 * ```
 */
export function compareDecimals(
  a: string | number,
  b: string | number,
): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  if (x && y) return compare(x, y);
  throw new TypeError(`"${x ? b : a}" is not a decimal number`);
}
