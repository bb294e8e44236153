/** What the server answers, byte for byte as the protocol has it (sections 3 and 4). */
import { textFrame } from "../websocket/frame.ts";

function success(message: string): Uint8Array {
  return textFrame(JSON.stringify({ success: { message } }));
}
function error(message: string): Uint8Array {
  return textFrame(JSON.stringify({ error: { message } }));
}

export const PONG: Uint8Array = textFrame("pong");
export const AUTHENTICATED: Uint8Array = success("Authenticated.");
export const AUTHENTICATION_FAILED: Uint8Array = error("Authentication failed.");
export const TOKEN_EXPIRED: Uint8Array = error("Token expired.");
export const TOKEN_TYPE_INVALID: Uint8Array = error("Token type is not provided or invalid.");
export const MESSAGE_ERROR: Uint8Array = error("Error while handling message.");
export const TOO_MANY_STREAMS: Uint8Array = error("Too many streams.");

/** The answer to `subscribe` and `unsubscribe`: every stream that the connection now holds. */
export function streamsAnswer(
  message: "subscribed" | "unsubscribed",
  streams: Iterable<string>,
): Uint8Array {
  return textFrame(JSON.stringify({ success: { message, streams: [...streams] } }));
}

/** A stream that this connection may not have. Rango words it as a success; its clients read that. */
export function cannotSubscribe(stream: string): Uint8Array {
  return success(`cannot subscribe to ${stream}`);
}
