/**
 * Takes one token from a token bucket that is kept as one number, the time at which it will be full
 * again (the generic cell rate algorithm, ITU-T I.371).
 *
 * @param fullAt what the call before gave; 0 at first
 * @param now whole milliseconds of a clock that never goes back
 * @param rate tokens per second
 * @param burst tokens of a full bucket
 * @returns the next `fullAt`; `undefined` when the bucket is empty
 *
 * @example
 * ```ts
 * let fullAt = 0;
 * const taken = takeToken(fullAt, performance.now() / 1000, 20, 40);
 * if (taken === undefined) console.log("too many");
 * else fullAt = taken;
 * ```
 */
export function takeToken(
  fullAt: number,
  now: number,
  rate: number,
  burst: number,
): number | undefined {
  const cost = 1000 / rate;
  const next = Math.max(fullAt, now) + cost;
  // Half a cost of room: sums of fractions are not exact.
  return next - now > (burst + 0.5) * cost ? undefined : next;
}
