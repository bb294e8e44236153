import type { Book } from "../../../client/src/mod.ts";

/**
 * An order book on one line for people.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * bookLine(connect("ws://localhost:8080/").book("btcusd"));
 * // "btcusd  live  sequence 312  bid 61243.00 × 0.071  ask 61250.50 × 0.41  spread 7.50"
 * ```
 */
export function bookLine(book: Book): string {
  const { market, live, sequence, bestBid, bestAsk, spread } = book;
  const parts = [
    market,
    live ? "live" : "stale",
    ...(sequence === undefined ? [] : [`sequence ${sequence}`]),
    `bid ${bestBid ? `${bestBid.price} × ${bestBid.amount}` : "none"}`,
    `ask ${bestAsk ? `${bestAsk.price} × ${bestAsk.amount}` : "none"}`,
    ...(spread === undefined ? [] : [`spread ${spread}`]),
  ];
  return parts.join("  ");
}

/**
 * An order book as one line of JSON: levels as `{ price, amount, total }` in decimal text, best first.
 *
 * @param depth maximum number of levels per side
 */
export function bookJson(book: Book, depth: number): string {
  const { market, live, sequence, spread } = book;
  return JSON.stringify({ market, live, sequence, spread, ...book.depth(depth) });
}
