import type { Buffer } from "node:buffer";

/** Property flags of a content header, in the order of the properties (AMQP 0-9-1 §4.2.6.1). */
export const CONTENT_TYPE = 1 << 15;
export const CONTENT_ENCODING = 1 << 14;
export const HEADERS = 1 << 13;

/** Where the table of headers begins and ends, without its length. */
export interface HeaderTable {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the headers in a content header.
 *
 * @param at where its property flags begin
 * @param end where its frame ends
 * @returns undefined where it has no headers
 */
export function headersOf(bytes: Buffer, at: number, end: number): HeaderTable | undefined {
  const flags = bytes.readUInt16BE(at);
  if ((flags & HEADERS) === 0) return undefined;
  let field = at + 2;
  if (flags & CONTENT_TYPE) field += 1 + (bytes[field] ?? 0);
  if (flags & CONTENT_ENCODING) field += 1 + (bytes[field] ?? 0);
  if (field + 4 > end) return undefined;
  return { start: field + 4, end: Math.min(field + 4 + bytes.readUInt32BE(field), end) };
}
