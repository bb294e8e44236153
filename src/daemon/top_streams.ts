/**
 * Streams that are looked at. An exchange has fewer; clients can make up as many as they like,
 * and must not make the server stand still when somebody counts them.
 */
const LOOKED_AT = 20_000;
/** Names longer than this are nobody's but a client's. */
const LONGEST = 100;

/**
 * The streams with most subscribers, the most first.
 *
 * @param streams names and their subscribers, those held the longest first
 * @param count how many at most
 *
 * @example
 * ```ts
 * topStreams([["usdbtc.trades", 2], ["global.tickers", 9], ["order", 1]], 2);
 * // [["global.tickers", 9], ["usdbtc.trades", 2]]
 * ```
 */
export function topStreams(
  streams: Iterable<readonly [name: string, subscribers: number]>,
  count: number,
): readonly (readonly [name: string, subscribers: number])[] {
  const top: (readonly [name: string, subscribers: number])[] = [];
  let seen = 0;
  for (const stream of streams) {
    if (count === 0 || ++seen > LOOKED_AT) break;
    const [name, subscribers] = stream;
    if (name.length > LONGEST || (top.length === count && subscribers <= top.at(-1)![1])) continue;
    const after = top.findIndex((other) => other[1] < subscribers);
    top.splice(after === -1 ? top.length : after, 0, stream);
    if (top.length > count) top.pop();
  }
  return top;
}
