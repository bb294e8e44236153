import { printable } from "../tail/event.ts";

/** The result of a measurement. */
export interface Figures {
  readonly url: string;
  readonly streams: readonly string[];
  readonly wanted: number;
  readonly opened: number;
  readonly lost: number;
  /** Errors and refusals in the server's answers. */
  readonly errors: number;
  /** Reasons for which connections failed or were lost, with their counts. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly frames: number;
  /** Of the events' text, without frame headers. */
  readonly bytes: number;
  /** Round-trip times of pings in milliseconds. */
  readonly trips: readonly number[];
  /** CPU use of this process: 1 is one core. */
  readonly core: number;
}

/** CPU use of this process above which the figures are about it as much as about the server. */
const MAX_CORE_USE = 0.85;

/** The progress, in one line. */
export function progressLine(
  { open, lost }: { readonly open: number; readonly lost: number },
  rate: number,
): string {
  const gone = lost === 0 ? "" : `, ${count(lost)} lost`;
  return `${count(open)} connections${gone}, ${count(rate)} frames/s`;
}

/**
 * The result, in lines for people.
 *
 * @example
 * ```ts
 * declare const figures: Figures;
 * console.log(summary(figures));
 * ```
 */
export function summary(figures: Figures): string {
  const { url, streams, wanted, opened, lost, seconds, frames, bytes, trips } = figures;
  const named = streams.length <= 4 ? streams.join(", ") : `${streams.length} streams`;
  return [
    `${url}, ${named}, ${seconds.toFixed(1)} s`,
    `  connections  ${count(opened)} of ${count(wanted)}, ${count(lost)} lost`,
    `  frames       ${count(frames / seconds)}/s, ${count(frames)} in all`,
    `  bytes        ${count(bytes / seconds)}/s`,
    `  round trip   ${roundTrip(trips)}`,
    `  this process ${(figures.core * 100).toFixed(0)} % of a core`,
    ...notes(figures),
    "This is a light load. To find a server's limit, use the native generator in bench/ of the sources.",
  ].join("\n");
}

function notes({ frames, errors, refusals, core }: Figures): string[] {
  const found = Object.entries(refusals).map(([why, times]) =>
    `${printable(why)} (${times} times)`
  );
  if (errors > 0) {
    found.push(`the server answered with ${count(errors)} errors: are these streams allowed?`);
  }
  if (frames === 0) found.push("no event was received: is anything published to these streams?");
  if (core > MAX_CORE_USE) {
    found.push("this process used its core fully: the server may deliver more than this");
  }
  return found.map((note) => `  note: ${note}`);
}

function roundTrip(trips: readonly number[]): string {
  if (trips.length === 0) return "no ping was answered";
  const sorted = trips.toSorted((a, b) => a - b);
  const at = (part: number) =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}, of ${count(sorted.length)} pings`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}
