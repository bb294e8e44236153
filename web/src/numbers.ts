/** Digits after the point of a decimal number as text. */
export function digitsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/** Most digits after the point among these. */
export function mostDigits(texts: Iterable<string>): number {
  let most = 0;
  for (const text of texts) most = Math.max(most, digitsOf(text));
  return most;
}

/**
 * The same number with that many digits after the point, so that columns are aligned. No digit that
 * says something is lost.
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

/** Milliseconds before and after the epoch that a date can be at (ECMA-262 §21.4.1.1). */
const LAST_TIME = 8.64e15;

/**
 * A time by a format; a dash where it is not a time, which the formats themselves would throw at.
 *
 * @param time milliseconds since the epoch
 */
export function timeText(format: Intl.DateTimeFormat, time: number): string {
  return isTime(time) ? format.format(time) : "–";
}

/** Whether a date can be at that many milliseconds since the epoch. */
export function isTime(time: number): boolean {
  return Math.abs(time) <= LAST_TIME;
}

/** Milliseconds since the epoch as the time of the day. */
export function clock(time: number): string {
  return timeText(CLOCK, time);
}

/** Milliseconds since the epoch as date and time. */
export function moment(time: number): string {
  return timeText(MOMENT, time);
}

/** What an event has for a text, whatever it is: objects may have members that break `String`. */
export function textOf(value: unknown): string {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  return visible(text);
}

/** A text whose characters that are not shown, or turn the direction of others, are escaped. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/**
 * What events have for a time, as milliseconds: seconds since the epoch, or a date as text.
 *
 * @returns NaN where it is neither
 */
export function timeOf(value: unknown): number {
  const number = typeof value === "string" && !/^\d+(\.\d+)?$/.test(value)
    ? Date.parse(value) / 1000
    : Number(typeof value === "object" ? NaN : value);
  // Some exchanges count milliseconds.
  return number > 1e11 ? number : number * 1000;
}

/** `1.2 KB`; with `/s` behind it, a rate. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`;
  if (count < 1e6) return `${(count / 1000).toFixed(1)} KB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

/** `1 h 5 min`, `4 min 10 s`, `9 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
