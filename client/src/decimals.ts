/** A decimal number, exactly: whole digits, and how many of them are behind the point. */
export interface ParsedDecimal {
  readonly digits: bigint;
  readonly places: number;
}

export const ZERO: ParsedDecimal = { digits: 0n, places: 0 };

/** @returns `undefined` when the value is no decimal number */
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

/** `a` and `sign` times `b`. */
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
 * Compares two decimal numbers digit by digit, so that none is lost as it would be in a binary
 * fraction.
 *
 * @returns -1 when `a` is the smaller, 0 when they are the same number, 1 when it is the greater
 * @throws {TypeError} one of them is no decimal number
 *
 * @example
 * ```ts
 * prices.sort(compareDecimals); // "9.9", "10.0", "10.00000000000000001"
 * ```
 */
export function compareDecimals(
  a: string | number,
  b: string | number,
): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  if (x && y) return compare(x, y);
  throw new TypeError(`"${x ? b : a}" is no decimal number`);
}
