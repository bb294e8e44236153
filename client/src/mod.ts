/**
 * The typed client of Ranger: market data and account events over a WebSocket that reconnects.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client"
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
export type * from "./streams.ts";

/**
 * Connects to a Ranger server, and reconnects until it is closed.
 *
 * @param url the server's public path; in a page it may be relative to the page
 * @throws {RangerError} `url` or `option` if an argument is invalid, or if the runtime refuses the
 * WebSocket, as browsers refuse `ws:` in a secure page; `no-websocket` if it has none
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 *
 * const ranger = connect("wss://example.com/public", {
 *   token: async () => await (await fetch("/api/token")).text(),
 * });
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
