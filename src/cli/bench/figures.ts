import { printable } from "../tail/event.ts";

/** What came of a load. */
export interface Figures {
  readonly url: string;
  readonly streams: readonly string[];
  readonly wanted: number;
  readonly opened: number;
  readonly lost: number;
  /** Errors and refusals that the server answered. */
  readonly errors: number;
  /** Why connections failed or were lost, and how often. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly frames: number;
  /** Of events' texts, without the heads of frames. */
  readonly bytes: number;
  /** Milliseconds of pings there and back. */
  readonly trips: readonly number[];
  /** How much of one core this process took: 1 is all of it. */
  readonly core: number;
}

/** From here on the figures are of this process as much as of the server. */
const FULL = 0.85;

/** How it goes, in a line. */
export function progressLine(
  { open, lost }: { readonly open: number; readonly lost: number },
  rate: number,
): string {
  const gone = lost === 0 ? "" : `, ${count(lost)} lost`;
  return `${count(open)} connections${gone}, ${count(rate)} frames/s`;
}

/**
 * What came of it, in lines for people.
 *
 * @example
 * ```ts
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
    "A light load. For records, and for where a server ends: the native generator in bench/ of the " +
    "sources.",
  ].join("\n");
}

function notes({ frames, errors, refusals, core }: Figures): string[] {
  const found = Object.entries(refusals).map(([why, times]) =>
    `${printable(why)} (${times} times)`
  );
  if (errors > 0) found.push(`the server answered ${count(errors)} errors: may these be held?`);
  if (frames === 0) found.push("no event came: is anything published to these streams?");
  if (core > FULL) {
    found.push("this process had its core full: the server may do more than is told here");
  }
  return found.map((note) => `  note: ${note}`);
}

function roundTrip(trips: readonly number[]): string {
  if (trips.length === 0) return "no ping was answered";
  const sorted = trips.toSorted((a, b) => a - b);
  const at = (part: number) =>
    `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}, of ${count(sorted.length)} pings`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}
