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
 * The same number with so many digits after the point, so that columns are aligned. No digit that
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

/** Milliseconds since the epoch as the time of the day. */
export function clock(time: number): string {
  return Number.isFinite(time) ? CLOCK.format(time) : "–";
}

/** Milliseconds since the epoch as date and time. */
export function moment(time: number): string {
  return Number.isFinite(time) ? MOMENT.format(time) : "–";
}

/**
 * What events have for a time, as milliseconds: seconds since the epoch, or a date as text.
 *
 * @returns NaN where it is neither
 */
export function timeOf(value: unknown): number {
  const number = typeof value === "string" && !/^\d+(\.\d+)?$/.test(value)
    ? Date.parse(value) / 1000
    : Number(value ?? NaN);
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
