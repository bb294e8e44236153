/** Milliseconds before the second round, and the maximum while an outage is short. */
const FIRST_DELAY_MS = 100;
const SHORT_OUTAGE_DELAY_MS = 1_000;
/** From this length on an outage counts as long, and attempts are this far apart. */
const LONG_OUTAGE_MS = 60_000;
const LONG_OUTAGE_DELAY_MS = 5_000;

/**
 * How long to wait before the next round of connection attempts, one attempt for each broker.
 *
 * Events that are published during an outage are lost, and most outages are short: a broker that
 * restarts, a node of a cluster that is replaced. So the first round begins at once, the next ones
 * after 100 ms, 200 ms, … up to 1 s, and only after a minute every 5 s. Each delay is shortened by
 * a random share of up to a half, so that many instances do not connect at the same moment.
 *
 * @param round rounds that failed since events last came in; 0 for the first attempt
 * @param outage milliseconds since events last came in, or since the start
 * @param random from 0 to 1
 * @returns milliseconds
 *
 * @example
 * ```ts
 * backoff(0, 0); // 0
 * backoff(3, 500); // 200 to 400
 * backoff(90, 75_000); // 2,500 to 5,000
 * ```
 */
export function backoff(round: number, outage: number, random: number = Math.random()): number {
  if (round === 0) return 0;
  const ceiling = outage >= LONG_OUTAGE_MS
    ? LONG_OUTAGE_DELAY_MS
    : Math.min(FIRST_DELAY_MS * 2 ** (round - 1), SHORT_OUTAGE_DELAY_MS);
  return ceiling * (1 - random / 2);
}
