/** Requests for server-sent events, and the beginning of their response (WHATWG HTML, section 9.2). */
import { STATUS_CODES } from "node:http";

const encoder = new TextEncoder();

/** The headers that every response of events has. */
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx, and proxies that have learnt it from there, pass each event on at once.
  "x-accel-buffering": "no",
} as const;

/** Milliseconds after which a browser connects again. */
const RETRY_MS = 1000;

/**
 * Whether a request asks for server-sent events, as browsers' EventSource does.
 *
 * @param accept the `Accept` header
 *
 * @example
 * ```ts
 * asksForEvents("text/event-stream"); // true
 * asksForEvents("text/html, *\/*"); // false
 * ```
 */
export function asksForEvents(accept: string | undefined): boolean {
  return accept !== undefined && accept.split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === "text/event-stream" && !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  });
}

/** The head of a response that ends with its connection (RFC 9112 §6.3, item 8). */
export function responseHead({ status, headers }: Pick<Response, "status" | "headers">): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** The beginning of a response of events: its head, and when to connect again. */
export function eventStreamBegin(response: Pick<Response, "status" | "headers">): Uint8Array {
  return encoder.encode(`${responseHead(response)}retry: ${RETRY_MS}\n\n`);
}
