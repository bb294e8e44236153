import { STATUS_TEXTS } from "../hub/status_messages.ts";
import { TEXTS } from "../session/responses.ts";
import type { Message, Schema } from "./types.ts";

const STREAMS: Schema = {
  type: "array",
  items: { type: "string" },
  description: "Names of streams, such as btcusd.trades, order, or btcusd for all of a market",
};
const JWT: Schema = {
  type: "string",
  pattern: "^Bearer\\s+\\S",
  description: "Bearer and a JSON Web Token",
};
const TOKEN = "Bearer eyJhbGciOiJFZERTQSJ9.eyJ1aWQiOiJJRDEyMyJ9.c2lnbmF0dXJl";
const ID: Schema = {
  description: "Every answer to the message repeats it",
  anyOf: [{ type: "number" }, { type: "string", maxLength: 64 }],
};
const REASON: Schema = {
  type: "string",
  description: "What is wrong, in words; only in answers to messages with an id",
};
const CURSOR: Schema = {
  type: "string",
  maxLength: 40,
  pattern: "^[A-Za-z0-9_-]*$",
  description: "The cursor of the last event received: what was missed since then is sent first",
};
const LAST: Schema = {
  type: "integer",
  description: "Number of recent events of each stream to be sent first; at most 1,000",
};
const SOME = ["btcusd.trades", "btcusd.ob-inc"];

/** Messages from clients (protocol, section 3), by the name of their operation. */
export const CLIENT_MESSAGES = {
  subscribe: request(
    "subscribe",
    "Subscribes to streams; the answer lists all subscriptions of the connection",
    { event: { const: "subscribe" }, streams: STREAMS },
    { event: "subscribe", streams: SOME },
    { cursor: CURSOR, last: LAST },
  ),
  unsubscribe: request(
    "unsubscribe",
    "Ends subscriptions",
    { event: { const: "unsubscribe" }, streams: STREAMS },
    { event: "unsubscribe", streams: SOME },
  ),
  list: request(
    "list",
    "Asks which public streams there are: those of which events came in lately",
    { event: { const: "list" } },
    { event: "list", id: 1 },
  ),
  authenticate: request(
    "authenticate",
    "Authenticates the connection for private streams: at any time, and again before the token expires",
    { jwt: JWT },
    { jwt: TOKEN },
  ),
  ping: {
    name: "ping",
    title: "ping",
    summary: "Checks the connection; plain text, not JSON",
    contentType: "text/plain",
    payload: { type: "string", pattern: "^\\s*ping" },
    examples: [{ name: "ping", payload: "ping" }],
  },
} as const satisfies Record<string, Message>;

/** Answers of the server (protocol, sections 3 and 4). */
export const ANSWERS = {
  pong: {
    name: "pong",
    title: "pong",
    summary: "The answer to ping; plain text, not JSON",
    contentType: "text/plain",
    payload: { type: "string", const: TEXTS.pong },
    examples: [{ name: "pong", payload: TEXTS.pong }],
  },
  subscribed: listing("subscribed", "Also the first message of each connection", SOME),
  unsubscribed: listing("unsubscribed", "The remaining subscriptions", []),
  available: answer(
    "available",
    "The public streams of which events came in lately, sorted; at most 1,000",
    object({ success: object({ message: { const: "available" }, streams: STREAMS }) }),
    { success: { message: "available", streams: SOME }, id: 1 },
  ),
  cannotSubscribe: answer(
    "cannotSubscribe",
    "A stream that this connection may not receive; sent before the list",
    object({ success: object({ message: { type: "string", pattern: "^cannot subscribe to " } }) }),
    { success: { message: "cannot subscribe to admin.btcusd.orders" } },
  ),
  tooManyStreams: fixed("tooManyStreams", "Streams above the server's limit were not subscribed"),
  authenticated: fixed(
    "authenticated",
    "Private streams carry the events of the token's user from now on",
  ),
  authenticationFailed: fixed("authenticationFailed", "The token does not verify"),
  tokenTypeInvalid: fixed("tokenTypeInvalid", "jwt is not of the form Bearer <token>"),
  tokenExpired: fixed("tokenExpired", "The token has expired; public streams continue"),
  messageError: fixed("messageError", "A message that is not valid"),
  resumed: answer(
    "resumed",
    "All that was missed on these streams has been sent",
    object({ success: object({ message: { const: "resumed" }, streams: STREAMS }) }),
    JSON.parse(STATUS_TEXTS.resumed(SOME)),
  ),
  cannotResume: answer(
    "cannotResume",
    "What was missed on these streams is not known: fetch it elsewhere",
    object({
      error: withReason(object({ message: { const: "Cannot resume." }, streams: STREAMS })),
    }),
    JSON.parse(STATUS_TEXTS.cannotResume(SOME)),
  ),
  sourceDown: statusMessage("sourceDown", "source down", "No events arrive from the exchange"),
  sourceUp: statusMessage("sourceUp", "source up", "Events arrive from the exchange again"),
  stale: statusMessage(
    "stale",
    "stale",
    "No increments of these streams until the next snapshot",
    SOME,
  ),
  eventsMayBeMissing: statusMessage(
    "eventsMayBeMissing",
    "events may be missing",
    "Events of these streams were lost",
    SOME,
  ),
} as const satisfies Record<string, Message>;

/** Messages that no message of the client asks for. */
export const UNASKED = [
  "tokenExpired",
  "stale",
  "sourceDown",
  "sourceUp",
  "eventsMayBeMissing",
] as const satisfies readonly (keyof typeof ANSWERS)[];

function request(
  name: string,
  summary: string,
  properties: Readonly<Record<string, Schema>>,
  payload: unknown,
  optional: Readonly<Record<string, Schema>> = {},
): Message {
  return {
    name,
    title: name,
    summary,
    contentType: "application/json",
    // Unknown members are ignored.
    payload: {
      ...object(properties),
      properties: { ...properties, ...optional, id: ID },
      additionalProperties: true,
    },
    examples: [{ name, payload }],
  };
}

function answer(name: string, summary: string, payload: Schema, example: unknown): Message {
  return {
    name,
    title: name,
    summary,
    contentType: "application/json",
    payload: { ...payload, properties: { ...payload.properties, id: ID } },
    examples: [{ name, payload: example }],
  };
}

function listing(name: string, more: string, streams: readonly string[]): Message {
  const schema = object({ success: object({ message: { const: name }, streams: STREAMS }) });
  const summary = `All subscriptions of the connection, in the order subscribed. ${more}`;
  return answer(name, summary, schema, { success: { message: name, streams } });
}

/** Sent to connections with `status=1` or `cursor`. */
function statusMessage(
  name: string,
  message: string,
  summary: string,
  streams?: readonly string[],
): Message {
  const schema = object({ message: { const: message }, ...(streams ? { streams: STREAMS } : {}) });
  return {
    name,
    title: name,
    summary: `${summary}; only for connections with status`,
    contentType: "application/json",
    payload: object({ status: schema }),
    examples: [{ name, payload: { status: streams ? { message, streams } : { message } } }],
  };
}

function withReason(content: Schema): Schema {
  return { ...content, properties: { ...content.properties, reason: REASON } };
}

/** An answer with a fixed text. */
function fixed(name: keyof typeof TEXTS, summary: string): Message {
  const payload = JSON.parse(TEXTS[name]) as Record<string, { message: string }>;
  const [kind, { message }] = Object.entries(payload)[0]!;
  const content = object({ message: { const: message } });
  const schema = kind === "error" ? withReason(content) : content;
  return answer(name, summary, object({ [kind]: schema }), payload);
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}
