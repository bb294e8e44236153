/**
 * How long to wait before the next attempt: doubling from half a second to five seconds, each time
 * shortened by a random share of up to a half, so that many instances do not come back at once.
 *
 * @param attempt 0 for the first retry
 * @param random from 0 to 1
 * @returns milliseconds
 *
 * @example
 * ```ts
 * await delay(backoff(attempt++));
 * ```
 */
export function backoff(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(500 * 2 ** attempt, 5_000);
  return ceiling * (1 - random / 2);
}
