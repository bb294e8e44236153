import { ms } from "../harness/format.ts";

/** Samples from which the 99th percentile is one: three of them are above it. */
const ENOUGH = 300;

/** What clients of one kind waited, in milliseconds. */
export interface Latencies {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Sums up what was measured, in any order. */
export function latencies(measured: readonly number[]): Latencies {
  const sorted = measured.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN;
  return { samples: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/**
 * The p99 for a table; of too few samples the longest, which says so.
 *
 * @example
 * ```ts
 * p99({ samples: 500, p50: 0.4, p99: 1.2, max: 3 }); // "1.2"
 * p99({ samples: 40, p50: 110, p99: 240, max: 240 }); // "max of 40: 240"
 * ```
 */
export function p99(of: Latencies): string {
  if (of.samples === 0) return "no sample";
  return of.samples < ENOUGH ? `max of ${of.samples}: ${ms(of.max)}` : ms(of.p99);
}

/** Both for a line of text: `0.4 and 1.2`. */
export function p50AndP99(of: Latencies): string {
  return `${ms(of.p50)} and ${p99(of)}`;
}
