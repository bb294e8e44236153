/**
 * Number of streams examined. An exchange has fewer; clients can subscribe to any number of names, and
 * must not block the event loop at each scrape.
 */
const MAX_EXAMINED = 20_000;
/** Maximum length of a name; longer ones are made up by clients. */
const MAX_NAME_LENGTH = 100;

/**
 * The streams with the most subscribers, in descending order.
 *
 * @param streams names and their numbers of subscribers, the oldest streams first
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
  let seen = 0;
  for (const stream of streams) {
    if (count === 0 || ++seen > MAX_EXAMINED) break;
    const [name, subscribers] = stream;
    if (name.length > MAX_NAME_LENGTH || (top.length === count && subscribers <= top.at(-1)![1])) {
      continue;
    }
    const after = top.findIndex((other) => other[1] < subscribers);
    top.splice(after === -1 ? top.length : after, 0, stream);
    if (top.length > count) top.pop();
  }
  return top;
}
