/**
 * A decimal number as text, and the JavaScript number that it rounds to. Rounding keeps the order,
 * so only decimals that round to the same number have to be compared digit by digit.
 */
export interface Decimal {
  readonly text: string;
  readonly rounded: number;
}

/**
 * The maximum length in characters. Exchanges publish some tens; longer texts would cost memory and
 * time for as long as their level exists.
 */
const MAX_LENGTH = 128;

const FORM = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$/;
const PARTS = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads a decimal number: `"15.0"`, `"0.00000001"`, `"100000000"`, `"0.1e-7"`.
 *
 * @returns `undefined` if the text is not a decimal number, or is too long
 *
 * @example
 * ```ts
 * compareDecimals(parseDecimal("9.9")!, parseDecimal("10.0")!); // negative
 * ```
 */
export function parseDecimal(text: string): Decimal | undefined {
  return text.length <= MAX_LENGTH && FORM.test(text) ? { text, rounded: Number(text) } : undefined;
}

/** Negative if `a` is smaller than `b`, zero if they are the same number, otherwise positive. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.rounded !== b.rounded) return a.rounded < b.rounded ? -1 : 1;
  return a.text === b.text ? 0 : compareDigits(digitsOf(a.text), digitsOf(b.text));
}

/** Whether the number is zero, in any spelling: `"0"`, `"0.0"`, `"0e5"`. */
export function isZero({ text, rounded }: Decimal): boolean {
  // Tiny numbers round to zero as well.
  if (rounded !== 0) return false;
  const { whole, fraction } = digitsOf(text);
  return whole === "" && fraction === "";
}

interface Digits {
  readonly negative: boolean;
  /** Digits before the point, without leading zeros. */
  readonly whole: string;
  /** Digits after the point, without trailing zeros. */
  readonly fraction: string;
}

function digitsOf(text: string): Digits {
  const [, sign, before = "", after = "", power = "0"] = PARTS.exec(text)!;
  let whole = before;
  let fraction = after;
  const exponent = Number(power);
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
  return { negative: sign === "-" && !zero, whole, fraction };
}

function compareDigits(a: Digits, b: Digits): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const order = compareMagnitudes(a, b);
  return a.negative ? -order : order;
}

function compareMagnitudes(a: Digits, b: Digits): number {
  // Without leading zeros the longer whole part is greater. At the same length, and for fractions
  // without trailing zeros, texts have the order of the numbers.
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
