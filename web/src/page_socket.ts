/** The page's WebSocket, which asks the server for more than the typed client does. */

/** With an id, the server's answer says why it refuses a token. */
export const TOKEN_ID = "token";

/**
 * Adds an `id` to a token, for which the server answers with the reason of a refusal.
 *
 * @example
 * ```ts
 * extended('{"jwt":"Bearer x"}'); // {"jwt":"Bearer x","id":"token"}
 * ```
 */
export function extended(text: string): string {
  if (!text.startsWith("{")) return text;
  const message = JSON.parse(text) as Record<string, unknown>;
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
