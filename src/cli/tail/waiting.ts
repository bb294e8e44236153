/** What is said about an order book that does not come. */
import { nearest } from "../../config/nearest.ts";

/** Milliseconds after which it is said. */
const PATIENCE = 5_000;
/** Milliseconds that the server has to name its streams. */
const ANSWER_TIMEOUT = 3_000;
/** Markets that are named at most. */
const MOST = 10;

/**
 * Says what is waited for when a market's book has not come for some seconds, and which books there
 * are, as far as the server tells.
 *
 * @param url of the server's WebSocket
 * @returns stops waiting: to be called when the book has come
 *
 * @example
 * ```ts
 * const stop = sayWhatIsAwaited("btcsud", "ws://localhost:8080/public", console.error);
 * // no snapshot of btcsud's order book within 5 s; still waiting. Does the market exist? The server
 * // has books of btcusd, ethusd; did you mean btcusd?
 * stop();
 * ```
 */
export function sayWhatIsAwaited(
  market: string,
  url: string,
  note: (text: string) => void,
): () => void {
  let over = false;
  const timer = setTimeout(async () => {
    const markets = await marketsWithBooks(url);
    if (!over) note(explain(market, markets));
  }, PATIENCE);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/** The sentence for it. @param markets undefined where the server does not tell */
export function explain(market: string, markets: readonly string[] | undefined): string {
  const waiting = `no snapshot of ${market}'s order book within ${
    PATIENCE / 1000
  } s; still waiting`;
  if (markets === undefined) return `${waiting}. Does the market exist?`;
  if (markets.includes(market)) return `${waiting} for the exchange's next snapshot`;
  const near = nearest(market, markets);
  const shown = markets.slice(0, MOST).join(", ") + (markets.length > MOST ? ", …" : "");
  return `${waiting}. Does the market exist? The server has ` +
    (markets.length === 0 ? "no order book yet" : `order books of ${shown}`) +
    (near === undefined ? "" : `; did you mean ${near}?`);
}

async function marketsWithBooks(url: string): Promise<string[] | undefined> {
  try {
    const { protocol, host } = new URL(url);
    const response = await fetch(`${protocol.replace(/^ws/, "http")}//${host}/streams`, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
    const { streams } = await response.json() as { readonly streams: readonly unknown[] };
    const markets = streams.map((name) => /^([^.]+)\.ob-(?:inc|snap)$/.exec(String(name))?.[1]);
    return [...new Set(markets.filter((name) => name !== undefined))].sort();
  } catch {
    // A proxy may serve the WebSocket alone, and another server has no such address.
    return undefined;
  }
}
