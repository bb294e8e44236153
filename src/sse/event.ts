/** Events as `text/event-stream` has them (WHATWG HTML, section 9.2). */
import { allocate } from "../delivery/buffer_slab.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

const encoder = new TextEncoder();
const END = encoder.encode("\n\n");

/** A line that clients ignore: it shows proxies, and the kernel, that the connection is used. */
export const COMMENT: Uint8Array = encoder.encode(":\n\n");

/** Why a response ends, for people that read it. Clients ignore it. */
export function lastComment(reason: string): Uint8Array {
  return encoder.encode(`: ${reason}\n\n`);
}

/**
 * One whole event. Data of several lines becomes several `data` lines, which a client joins with
 * line feeds, whatever they were ended by before.
 *
 * @param field the line before the data: `id: 1z-k3j9x0q1z7d`
 * @param parts the data, in parts
 * @returns the bytes to write; any number of connections may share them
 *
 * @example
 * ```ts
 * const bytes = new TextEncoder();
 * encodeEvent("id: 7", [bytes.encode('{"a.b":'), bytes.encode("[1,\n2]"), bytes.encode("}")]);
 * // id: 7
 * // data: {"a.b":[1,
 * // data: 2]}
 * ```
 */
export function encodeEvent(field: string, parts: readonly Uint8Array[]): Uint8Array {
  return encodeInto(Buffer.allocUnsafeSlow, field, parts);
}

/** The same event, for one or few connections that it is written to soon. */
export function encodeBriefEvent(field: string, parts: readonly Uint8Array[]): Uint8Array {
  return encodeInto(allocate, field, parts);
}

function encodeInto(
  bufferOf: (bytes: number) => Uint8Array,
  field: string,
  parts: readonly Uint8Array[],
): Uint8Array {
  const opening = encoder.encode(`${field}\ndata: `);
  const data = parts.some(hasLineEnd) ? [asDataLines(Buffer.concat(parts))] : parts;
  let length = opening.length + END.length;
  for (const part of data) length += part.length;
  const event = bufferOf(length);
  event.set(opening);
  let at = opening.length;
  for (const part of data) {
    event.set(part, at);
    at += part.length;
  }
  event.set(END, at);
  return event;
}

function hasLineEnd(bytes: Uint8Array): boolean {
  return bytes.includes(LINE_FEED) || bytes.includes(CARRIAGE_RETURN);
}

function asDataLines(data: Buffer): Uint8Array {
  // One character for each byte, so that nothing but line ends changes.
  return Buffer.from(data.toString("latin1").replace(/\r\n|\r|\n/g, "\ndata: "), "latin1");
}
