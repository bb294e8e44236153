/** What the server answers, byte for byte as the protocol has it (sections 3 and 4). */
import { Message } from "../hub/message.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import type { MessageId } from "./messages.ts";

function success(message: string): string {
  return JSON.stringify({ success: { message } });
}
function error(message: string): string {
  return JSON.stringify({ error: { message } });
}

/** The answers that are always the same. */
export const TEXTS = {
  pong: "pong",
  authenticated: success("Authenticated."),
  authenticationFailed: error("Authentication failed."),
  tokenExpired: error("Token expired."),
  tokenTypeInvalid: error("Token type is not provided or invalid."),
  messageError: error("Error while handling message."),
  tooManyStreams: error("Too many streams."),
} as const;

/**
 * An answer that is always the same, to a message that carried an `id`.
 *
 * @param id its JSON
 * @param reason what is wrong, for the client's developer; only for errors
 *
 * @example
 * ```ts
 * textWithId(TEXTS.tooManyStreams, "7", "the limit is 256 streams");
 * // {"error":{"message":"Too many streams.","reason":"the limit is 256 streams"},"id":7}
 * ```
 */
export function textWithId(text: string, id: MessageId, reason?: string): string {
  const more = reason === undefined ? "" : `,"reason":${JSON.stringify(reason)}`;
  return `${text.slice(0, -2)}${more}},"id":${id}}`;
}

/** The messages of {@linkcode TEXTS}. */
export const MESSAGES = Object.fromEntries(
  Object.entries(TEXTS).map(([name, text]) => [name, new Message(text)]),
) as Readonly<Record<keyof typeof TEXTS, Message>>;

/**
 * The answer to `subscribe` and `unsubscribe`: every stream that the connection now holds; and to
 * `list`: those that are available.
 */
export function streamsAnswer(
  message: "subscribed" | "unsubscribed" | "available",
  streams: Iterable<string>,
  id?: MessageId,
): Message {
  return messageOf(JSON.stringify({ success: { message, streams: [...streams] } }), id);
}

/** Characters that the answer repeats of a name that no event can have. */
const SHOWN_CHARACTERS = 64;

/** A stream that this connection may not have. Rango words it as a success; its clients read that. */
export function cannotSubscribe(stream: string, id?: MessageId): string {
  const isShort = stream.length <= SHOWN_CHARACTERS || parseStreamName(stream).form !== "other";
  const shown = JSON.stringify(isShort ? stream : stream.slice(0, SHOWN_CHARACTERS));
  const text = `{"success":{"message":"cannot subscribe to ${shown.slice(1)}}}`;
  return id === undefined ? text : textWithId(text, id);
}

function messageOf(text: string, id: MessageId | undefined): Message {
  return new Message(id === undefined ? text : textWithId(text, id), true);
}
