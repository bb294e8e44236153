/**
 * The streams with the most subscribers, in descending order.
 *
 * @param streams names and their numbers of subscribers
 * @param count maximum number of streams
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
  if (count === 0) return top;
  for (const stream of streams) {
    const [, subscribers] = stream;
    if (top.length === count && subscribers <= top.at(-1)![1]) continue;
    const after = top.findIndex((other) => other[1] < subscribers);
    top.splice(after === -1 ? top.length : after, 0, stream);
    if (top.length > count) top.pop();
  }
  return top;
}
