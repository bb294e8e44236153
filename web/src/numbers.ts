/** Decimal places of a number in a string. */
export function digitsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
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
 * Reads an event's time: seconds since the epoch, or a date string.
 *
 * @returns milliseconds since the epoch; NaN if it is neither
 */
export function timeOf(value: unknown): number {
  const number = typeof value === "string" && !/^\d+(\.\d+)?$/.test(value)
    ? Date.parse(value) / 1000
    : Number(typeof value === "object" ? NaN : value);
  // Some exchanges publish milliseconds.
  return number > 1e11 ? number : number * 1000;
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
