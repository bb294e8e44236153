import { add, formatDecimal, parseDecimal } from "../../client/src/decimals.ts";

/** A number of an event: as it is shown, and as it is drawn. */
export interface Figure {
  /** Every digit, without an exponent unless the text would be too long. */
  readonly text: string;
  /** Finite, and as exact as floating point is. */
  readonly value: number;
}

/** Maximum characters of a number; longer ones have an exponent, or are not shown as numbers. */
const MAX_CHARACTERS = 40;

/**
 * Reads a number of an event, however it is written: the only way in which this page does.
 *
 * @returns `undefined` if it is not a number, or has too many digits to show or to draw
 *
 * @example
 * ```ts
 * readNumber("1.5e-8"); // { text: "0.000000015", value: 1.5e-8 }
 * readNumber(null); // undefined: it is not zero
 * ```
 */
export function readNumber(value: unknown): Figure | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const given = String(value);
  if (given.length > 400) return undefined;
  const parsed = Number(given);
  if (!Number.isFinite(parsed)) return undefined;
  // Most numbers, quickly.
  if (given.length <= MAX_CHARACTERS && /^-?\d+(\.\d+)?$/.test(given)) {
    return { text: given, value: parsed };
  }
  const decimal = parseDecimal(given);
  if (!decimal) return undefined;
  const plain = formatDecimal(decimal);
  if (plain.length <= MAX_CHARACTERS) return { text: plain, value: parsed };
  const [sign, digits] = [decimal.digits < 0n ? "-" : "", String(decimal.digits).replace("-", "")];
  const short = digits.replace(/0+$/, "");
  const power = digits.length - 1 - decimal.places;
  const text = `${sign}${short[0] ?? "0"}${short.length > 1 ? `.${short.slice(1)}` : ""}` +
    (short ? `e${power}` : "");
  return text.length <= MAX_CHARACTERS ? { text, value: parsed } : undefined;
}

/** Adds two numbers, exactly where the sum can be shown. */
export function sumOf(a: Figure, b: Figure): Figure {
  const exact = formatDecimal(add(parseDecimal(a.text)!, parseDecimal(b.text)!));
  return readNumber(exact) ?? readNumber(a.value + b.value) ?? a;
}

/** The text of a value that should be a number; anything else is shown as what it is, shortened. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  const text = readNumber(value)?.text ?? textOf(value);
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}

/** Decimal places of a number in a string. */
export function digitsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 || text.includes("e") ? 0 : text.length - point - 1;
}

/** Maximum decimal places of several numbers. */
export function mostDigits(texts: Iterable<string>): number {
  let most = 0;
  for (const text of texts) most = Math.max(most, digitsOf(text));
  return most;
}

/**
 * Pads a number to this many decimal places, so that columns align. Significant digits are never
 * removed.
 *
 * @example
 * ```ts
 * padded("15.5", 3); // "15.500"
 * ```
 */
export function padded(text: string, digits: number): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
  const missing = digits - digitsOf(text);
  if (missing <= 0) return text;
  return `${text}${text.includes(".") ? "" : "."}${"0".repeat(missing)}`;
}

/**
 * Separates the thousands of a number, for reading.
 *
 * @example
 * ```ts
 * withThousands("1020.5"); // "1,020.5"
 * ```
 */
export function withThousands(text: string): string {
  const found = /^(-?\d+)((?:\.\d+)?)$/.exec(text);
  if (!found) return text;
  return `${found[1]!.replace(/\B(?=(\d{3})+$)/g, ",")}${found[2]}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const MOMENT = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/** Largest distance of a date from the epoch (ECMA-262 §21.4.1.1). */
const MAX_TIME_MS = 8.64e15;

/**
 * Formats a time; returns a dash for an invalid time, on which `format` would throw.
 *
 * @param time milliseconds since the epoch
 */
export function timeText(format: Intl.DateTimeFormat, time: number): string {
  return isTime(time) ? format.format(time) : "–";
}

/** Whether a date can represent this number of milliseconds since the epoch. */
export function isTime(time: number): boolean {
  return Math.abs(time) <= MAX_TIME_MS;
}

/** Formats milliseconds since the epoch as a time of day. */
export function clock(time: number): string {
  return timeText(CLOCK, time);
}

/** Formats milliseconds since the epoch as date and time. */
export function moment(time: number): string {
  return timeText(MOMENT, time);
}

/** Converts any value of an event to text. `String` may throw on objects, so they become a dash. */
export function textOf(value: unknown): string {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  return visible(text);
}

/** Escapes characters that are invisible or change the direction of text. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/**
 * Reads an event's time: seconds, milliseconds, microseconds or nanoseconds since the epoch, told
 * apart by their size, or a date in a string (ISO 8601).
 *
 * @returns milliseconds since the epoch; NaN if it is neither
 */
export function timeOf(value: unknown): number {
  const number = readNumber(value)?.value;
  if (number === undefined) {
    return typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : NaN;
  }
  // A unit's numbers of the years 1973 to 5138 are those of no other unit.
  let milliseconds = number * 1000;
  for (let unit = 0; unit < 3 && Math.abs(milliseconds) > 1e14; unit++) milliseconds /= 1000;
  return Math.round(milliseconds);
}

/** Formats a number of bytes: `1.2 KB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`;
  if (count < 1e6) return `${(count / 1000).toFixed(1)} KB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/** Formats milliseconds: `1 h 5 min`, `4 min 10 s`, `9 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
