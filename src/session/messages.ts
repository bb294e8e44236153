/** What a client's message asks for (protocol, section 3). */
export type ClientMessage =
  | { readonly kind: "ping" }
  | { readonly kind: "nothing" }
  | { readonly kind: "invalid" }
  | {
    readonly kind: "request";
    /** The token to authenticate with; `invalid` when `jwt` has not the form `Bearer <token>`. */
    readonly jwt: { readonly token: string } | "invalid" | undefined;
    /** What to do after that; `invalid` when there is an event that cannot be done. */
    readonly event: StreamsEvent | "invalid" | undefined;
  };

/** `subscribe` or `unsubscribe`. */
export interface StreamsEvent {
  readonly name: "subscribe" | "unsubscribe";
  readonly streams: readonly string[];
}

const INVALID = { kind: "invalid" } as const;

/** White space may stand before it; a byte order mark is none. */
const PING = /^[^\S\uFEFF]*ping/;

/**
 * Reads a client's message.
 *
 * @example
 * ```ts
 * parseMessage('{"event":"subscribe","streams":["a.b"]}');
 * // { kind: "request", jwt: undefined, event: { name: "subscribe", streams: ["a.b"] } }
 * ```
 */
export function parseMessage(text: string): ClientMessage {
  if (PING.test(text)) return { kind: "ping" };
  if (text.trim() === "") return { kind: "nothing" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return INVALID;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return INVALID;
  const message = value as Record<string, unknown>;
  const jwt = "jwt" in message ? readJwt(message.jwt) : undefined;
  if ("event" in message && !(message.event === "auth" && jwt !== undefined)) {
    return { kind: "request", jwt, event: readEvent(message) };
  }
  return jwt === undefined ? INVALID : { kind: "request", jwt, event: undefined };
}

function readJwt(jwt: unknown): { token: string } | "invalid" {
  const token = typeof jwt === "string" ? /^Bearer\s+(\S.*)$/s.exec(jwt)?.[1] : undefined;
  return token === undefined ? "invalid" : { token: token.trimEnd() };
}

function readEvent({ event, streams }: Record<string, unknown>): StreamsEvent | "invalid" {
  if (event !== "subscribe" && event !== "unsubscribe") return "invalid";
  if (!Array.isArray(streams) || !streams.every((name) => typeof name === "string")) {
    return "invalid";
  }
  return { name: event, streams: streams.filter((name) => name !== "") };
}
