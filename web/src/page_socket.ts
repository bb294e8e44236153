/** The page's WebSocket, which asks the server for more than the typed client does. */

/** Recent events of each stream that the page asks for, so that it does not begin empty. */
const RECENT_EVENTS = 300;

/** With an id, the server's answer says why it refuses a token. */
export const TOKEN_ID = "token";

/**
 * Adds the page's wishes to a message of the client: recent events to a subscription (`last`), and
 * the reason of a refusal to a token (`id`).
 *
 * @example
 * ```ts
 * extended('{"event":"subscribe","streams":["btcusd.trades"]}');
 * // {"event":"subscribe","streams":["btcusd.trades"],"last":300}
 * ```
 */
export function extended(text: string): string {
  if (!text.startsWith("{")) return text;
  const message = JSON.parse(text) as Record<string, unknown>;
  if (message.event === "subscribe") message.last = RECENT_EVENTS;
  if ("jwt" in message) message.id = TOKEN_ID;
  return JSON.stringify(message);
}

/**
 * Creates the class to hand to the client. A function, because `WebSocket` exists in browsers only.
 */
export function pageSocket(): new (url: string) => WebSocket {
  return class extends WebSocket {
    override send(data: Parameters<WebSocket["send"]>[0]): void {
      super.send(typeof data === "string" ? extended(data) : data);
    }
  };
}
