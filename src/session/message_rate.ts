/**
 * Counts one more message against a client's rate: a token bucket, kept as one number, the time at
 * which the bucket will be full again (the generic cell rate algorithm, ITU-T I.371).
 *
 * @param fullAt what the call before gave; 0 at first
 * @param now whole milliseconds of a clock that never goes back
 * @param rate messages a second, over time
 * @param burst messages at once
 * @returns the next `fullAt`; `undefined` when the message is one too many
 *
 * @example
 * ```ts
 * const fullAt = countMessage(this.#fullAt, now, 20, 40);
 * if (fullAt === undefined) close();
 * else this.#fullAt = fullAt;
 * ```
 */
export function countMessage(
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
