/** What a client's message asks for (protocol, section 3). */
export type ClientMessage =
  | { readonly kind: "ping" }
  | { readonly kind: "nothing" }
  | InvalidMessage
  | {
    readonly kind: "request";
    /** The token to authenticate with; `invalid` when `jwt` has not the form `Bearer <token>`. */
    readonly jwt: { readonly token: string } | "invalid" | undefined;
    /** What to do after that; invalid when there is an event that cannot be done. */
    readonly event: ClientEvent | InvalidMessage | undefined;
    readonly id: MessageId | undefined;
  };

/** A message, or the event in it, that cannot be handled. */
export interface InvalidMessage {
  readonly kind: "invalid";
  /** Why, for the developer of the client. */
  readonly reason: string;
  readonly id?: MessageId | undefined;
}

/** The JSON of a message's `id`, which every answer to it repeats: `7`, `"a1"`. */
export type MessageId = string;

/** What a client asks for besides authentication. */
export type ClientEvent = StreamsEvent | { readonly kind: "list" };

/** `subscribe` or `unsubscribe`. */
export interface StreamsEvent {
  readonly kind: "subscribe" | "unsubscribe";
  readonly streams: readonly string[];
  /** Where the client was in the log. */
  readonly cursor?: string | undefined;
  /** How many recent events of each stream it asks for. */
  readonly last?: number | undefined;
}

/** Recent events of one stream that a client gets, at most. */
const MAX_LAST = 1000;

/**
 * The number of recent events that a client asks for in its query.
 *
 * @returns `undefined` for anything but a number
 *
 * @example
 * ```ts
 * lastOf("50"); // 50
 * lastOf("9999"); // 1000
 * ```
 */
export function lastOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text)
    ? Math.min(Number(text), MAX_LAST)
    : undefined;
}

/** White space may stand before it; a byte order mark is none. */
const PING = /^[^\S\uFEFF]*ping/;

/** Characters of a text as `id`, and of the digits of a number. */
const MAX_ID_CHARACTERS = 64;

/** Characters that a reason repeats of what the client sent. */
const MAX_QUOTED = 64;

/**
 * Reads a client's message.
 *
 * @example
 * ```ts
 * parseMessage('{"event":"subscribe","streams":["a.b"],"id":7}');
 * // { kind: "request", jwt: undefined, event: { kind: "subscribe", streams: ["a.b"] }, id: "7" }
 * ```
 */
export function parseMessage(text: string): ClientMessage {
  if (PING.test(text)) return { kind: "ping" };
  const first = text.trimStart()[0];
  if (first === undefined) return { kind: "nothing" };
  // Before the parser: an error of it costs as much as ten messages.
  if (first !== "{") return invalid("the message is not a JSON object");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return invalid("the message is not valid JSON");
  }
  const message = value as Record<string, unknown>;
  const id = "id" in message ? readId(message.id, text) : undefined;
  const jwt = "jwt" in message ? readJwt(message.jwt) : undefined;
  if ("event" in message && !(message.event === "auth" && jwt !== undefined)) {
    return { kind: "request", jwt, event: readEvent(message), id };
  }
  return jwt === undefined
    ? { ...invalid("the message has neither event nor jwt"), id }
    : { kind: "request", jwt, event: undefined, id };
}

function invalid(reason: string): InvalidMessage {
  return { kind: "invalid", reason };
}

function readJwt(jwt: unknown): { token: string } | "invalid" {
  const token = typeof jwt === "string" ? /^Bearer\s+(\S.*)$/s.exec(jwt)?.[1] : undefined;
  return token === undefined ? "invalid" : { token: token.trimEnd() };
}

function readEvent(
  { event, streams, cursor, last }: Record<string, unknown>,
): ClientEvent | InvalidMessage {
  if (event === "list") return { kind: "list" };
  if (event !== "subscribe" && event !== "unsubscribe") {
    return typeof event === "string"
      ? invalid(`unknown event ${JSON.stringify(event.slice(0, MAX_QUOTED))}`)
      : invalid("event is not a text");
  }
  if (!Array.isArray(streams) || !streams.every((name) => typeof name === "string")) {
    return invalid("streams is not an array of texts");
  }
  return {
    kind: event,
    streams: streams.filter((name) => name !== ""),
    // Clients of the old servers may send anything under these names: it means nothing.
    ...(typeof cursor === "string" ? { cursor } : {}),
    ...(typeof last === "number" ? { last: lastOf(String(last)) } : {}),
  };
}

/** @returns `undefined` for what is not a valid id: the message is answered as one without */
function readId(id: unknown, text: string): MessageId | undefined {
  if (typeof id === "string") {
    // A character takes one or two UTF-16 units.
    if (id.length > 2 * MAX_ID_CHARACTERS || [...id].length > MAX_ID_CHARACTERS) return undefined;
    return JSON.stringify(id);
  }
  if (typeof id !== "number") return undefined;
  const digits = digitsOfId(text) ?? JSON.stringify(id);
  return digits.length > MAX_ID_CHARACTERS ? undefined : digits;
}

/** The number as the client wrote it: a large one would lose digits, and `1.0` its form. */
function digitsOfId(text: string): string | undefined {
  const sources: { holder: unknown; source: string | undefined }[] = [];
  let digits: string | undefined;
  JSON.parse(text, function (key, value, context?: { source?: string }) {
    if (key === "id") sources.push({ holder: this, source: context?.source });
    // The last call is for the message itself; what is in it may have ids as well.
    if (key === "") digits = sources.find(({ holder }) => holder === value)?.source ?? digits;
    return value;
  });
  return digits;
}
