import { createHash } from "node:crypto";

/** The HTTP answer to an opening handshake that is not valid, with the reason. */
export interface HandshakeRefusal {
  readonly status: 400 | 405 | 426;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Appended to the client's key before hashing (RFC 6455 §1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** 16 bytes in base64 (RFC 6455 §4.1, item 7). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

const encoder = new TextEncoder();

function hasToken(header: string | null, token: string): boolean {
  return header !== null && header.split(",").some((part) => part.trim().toLowerCase() === token);
}

/**
 * Whether a request asks for the WebSocket protocol, be its handshake valid or not.
 *
 * @example
 * ```ts
 * asksForWebSocket(new Headers({ upgrade: "websocket" })); // true
 * ```
 */
export function asksForWebSocket(headers: Pick<Headers, "get">): boolean {
  return hasToken(headers.get("upgrade"), "websocket");
}

/**
 * Checks a client's opening handshake (RFC 6455 §4.2.1).
 *
 * @returns `undefined` when it is valid, else the answer that refuses it (§4.4 requires the version
 * that the server supports)
 *
 * @example
 * ```ts
 * declare const request: Request;
 * const refusal = refuseHandshake(request.method, request.headers);
 * if (refusal) new Response(refusal.reason, refusal);
 * ```
 */
export function refuseHandshake(
  method: string,
  headers: Pick<Headers, "get">,
): HandshakeRefusal | undefined {
  if (method !== "GET") {
    return { status: 405, reason: "A WebSocket handshake is a GET.", headers: { allow: "GET" } };
  }
  if (!headers.get("host")) return bad("The Host header is missing.");
  if (!hasToken(headers.get("connection"), "upgrade")) {
    return bad('The Connection header must contain "Upgrade".');
  }
  if (!KEY.test(headers.get("sec-websocket-key") ?? "")) {
    return bad("The Sec-WebSocket-Key header must be 16 bytes in base64.");
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return {
      status: 426,
      reason: "This server speaks WebSocket version 13.",
      headers: { upgrade: "websocket", "sec-websocket-version": "13" },
    };
  }
  return undefined;
}

function bad(reason: string): HandshakeRefusal {
  return { status: 400, reason, headers: {} };
}

/**
 * The answer to a client's key (RFC 6455 §4.2.2, item 5.4).
 *
 * @example
 * ```ts
 * acceptKey("dGhlIHNhbXBsZSBub25jZQ=="); // "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
 * ```
 */
export function acceptKey(key: string): string {
  return createHash("sha1").update(key + GUID).digest("base64");
}

/**
 * The response that switches an HTTP connection to WebSocket (RFC 6455 §4.2.2).
 *
 * @param key the request's `Sec-WebSocket-Key`, already checked
 * @param extensions the accepted offer, for `Sec-WebSocket-Extensions`
 */
export function switchingProtocols(key: string, extensions?: string): Uint8Array {
  const head = "HTTP/1.1 101 Switching Protocols\r\n" +
    "Upgrade: websocket\r\n" +
    "Connection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n` +
    (extensions === undefined ? "\r\n" : `Sec-WebSocket-Extensions: ${extensions}\r\n\r\n`);
  return encoder.encode(head);
}
