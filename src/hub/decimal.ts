/**
 * A decimal number taken apart so that two can be compared digit by digit: no binary fraction
 * comes in between, so no digit is lost, however long the text.
 */
export interface Decimal {
  readonly negative: boolean;
  /** Digits before the point, without leading zeros. */
  readonly whole: string;
  /** Digits after the point, without trailing zeros. */
  readonly fraction: string;
}

/**
 * Characters that a number may have. Those of exchanges have some tens; longer ones would be kept
 * and compared for as long as the level is there.
 */
const LONGEST = 128;

const FORM = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal number: `"15.0"`, `"0.00000001"`, `"100000000"`, `"0.1e-7"`.
 *
 * @returns `undefined` when the text is no decimal number, or longer than any that is meant
 *
 * @example
 * ```ts
 * compareDecimals(parseDecimal("9.9")!, parseDecimal("10.0")!); // negative
 * ```
 */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = text.length > LONGEST ? null : FORM.exec(text);
  if (!parts) return undefined;
  let whole = parts[2]!;
  let fraction = parts[3] ?? "";
  const exponent = Number(parts[4] ?? 0);
  if (exponent > 0) {
    fraction = fraction.padEnd(exponent, "0");
    whole += fraction.slice(0, exponent);
    fraction = fraction.slice(exponent);
  } else if (exponent < 0) {
    whole = whole.padStart(-exponent, "0");
    fraction = whole.slice(exponent) + fraction;
    whole = whole.slice(0, exponent);
  }
  whole = trimStart(whole);
  fraction = trimEnd(fraction);
  const zero = whole === "" && fraction === "";
  return { negative: parts[1] === "-" && !zero, whole, fraction };
}

/** Less than zero when `a` is the smaller, zero when they are the same number, else more. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const order = compareMagnitudes(a, b);
  return a.negative ? -order : order;
}

/** Whether the number is zero, in any spelling: `"0"`, `"0.0"`, `"0e5"`. */
export function isZero(decimal: Decimal): boolean {
  return decimal.whole === "" && decimal.fraction === "";
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  // Without leading zeros the longer whole part is the greater; at the same length, and in
  // fractions without trailing zeros, the order of texts is the order of numbers.
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length;
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1;
  if (a.fraction === b.fraction) return 0;
  return a.fraction < b.fraction ? -1 : 1;
}

function trimStart(digits: string): string {
  let at = 0;
  while (digits.charCodeAt(at) === 48) at++;
  return at === 0 ? digits : digits.slice(at);
}

function trimEnd(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end--;
  return end === digits.length ? digits : digits.slice(0, end);
}
