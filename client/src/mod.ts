/**
 * The client of Ranger: market data and account events by WebSocket, typed, and kept going.
 *
 * @example
 * ```ts
 * import { connect } from "ranger-client";
 *
 * const ranger = connect("wss://example.com/public");
 * for await (const { bestBid, bestAsk } of ranger.book("btcusd")) {
 *   console.log(bestBid?.price, bestAsk?.price);
 * }
 * ```
 *
 * @module
 */
import type { Ranger } from "./api.ts";
import { type ConnectOptions, resolveSettings } from "./options.ts";
import { LiveRanger } from "./ranger.ts";

export type {
  Book,
  BookOptions,
  Depth,
  Level,
  Overflow,
  Ranger,
  Stop,
  StreamName,
  StreamOptions,
} from "./api.ts";
export { compareDecimals } from "./decimals.ts";
export { type ErrorCode, RangerError } from "./errors.ts";
export type { AbortSignalLike, ConnectOptions, TokenSource, WebSocketLike } from "./options.ts";
export type { Identity, State } from "./state.ts";
export * from "./streams.ts";

/**
 * Connects to a Ranger server, and stays connected until it is told otherwise.
 *
 * @param url of the server's public path; in pages it may be relative to the page
 * @throws {RangerError} the URL or an option is wrong, and the message says what would be right;
 * or the WebSocket cannot even be made, such as an insecure one in a secure page
 *
 * @example
 * ```ts
 * const ranger = connect("wss://example.com/public", { token: () => fetchToken() });
 * ranger.onState((state) => console.log(state.status));
 * ranger.on("order", (order) => console.log(order.id, order.state));
 * ```
 */
export function connect(
  url: string | { readonly href: string },
  options: ConnectOptions = {},
): Ranger {
  return new LiveRanger(resolveSettings(url, options), options.signal);
}
