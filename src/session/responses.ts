/** What the server answers, byte for byte as the protocol has it (sections 3 and 4). */
import { parseStreamName } from "../streams/stream_name.ts";
import { answerFrame, textFrame } from "../websocket/frame.ts";

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

export const PONG: Uint8Array = textFrame(TEXTS.pong);
export const AUTHENTICATED: Uint8Array = textFrame(TEXTS.authenticated);
export const AUTHENTICATION_FAILED: Uint8Array = textFrame(TEXTS.authenticationFailed);
export const TOKEN_EXPIRED: Uint8Array = textFrame(TEXTS.tokenExpired);
export const TOKEN_TYPE_INVALID: Uint8Array = textFrame(TEXTS.tokenTypeInvalid);
export const MESSAGE_ERROR: Uint8Array = textFrame(TEXTS.messageError);
export const TOO_MANY_STREAMS: Uint8Array = textFrame(TEXTS.tooManyStreams);

/** The answer to `subscribe` and `unsubscribe`: every stream that the connection now holds. */
export function streamsAnswer(
  message: "subscribed" | "unsubscribed",
  streams: Iterable<string>,
): Uint8Array {
  return answerFrame(JSON.stringify({ success: { message, streams: [...streams] } }));
}

/** Characters that the answer repeats of a name that no event can have. */
const SHOWN_CHARACTERS = 64;

/** A stream that this connection may not have. Rango words it as a success; its clients read that. */
export function cannotSubscribe(stream: string): Uint8Array {
  const isPossible = parseStreamName(stream).form !== "other";
  const shown = isPossible ? stream : stream.slice(0, SHOWN_CHARACTERS);
  return answerFrame(success(`cannot subscribe to ${shown}`));
}
