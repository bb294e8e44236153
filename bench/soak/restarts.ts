const MINUTE = 60_000;
/** A quarter with fewer milliseconds than this is too short for a restart. */
const SHORTEST = MINUTE / 2;

/** At the end of each quarter of the time there is a quiet moment to look. */
export const QUARTERS = 4;

/**
 * When the broker is restarted: once a minute or so, and as far from the quiet moments, which are
 * at the ends of the quarters, as from each other's. What an outage left behind, queues that drain
 * and clients that catch up, is not a leak.
 *
 * @param minutes that the soak takes
 * @returns milliseconds from the beginning, rising
 *
 * @example
 * ```ts
 * restartTimes(3); // [22_500, 67_500, 112_500, 157_500]
 * ```
 */
export function restartTimes(minutes: number): number[] {
  const quarter = minutes * MINUTE / QUARTERS;
  if (quarter < SHORTEST) return [];
  const each = Math.max(1, Math.floor(quarter / MINUTE));
  const between = quarter / each;
  return Array.from({ length: QUARTERS * each }, (_, at) => (at + 0.5) * between);
}
