import type { AMQPProperties } from "@cloudamqp/amqp-client";
import { Buffer } from "node:buffer";
import { CONTENT_ENCODING, CONTENT_TYPE, HEADERS } from "./content_header.ts";

/** The property flags after those of `content_header.ts`. */
const DELIVERY_MODE = 1 << 12;
const PRIORITY = 1 << 11;
/** Correlation id, reply to, expiration, message id: each is a short string. */
const SHORT_STRINGS = [1 << 10, 1 << 9, 1 << 8, 1 << 7];
const TIMESTAMP = 1 << 6;

/** The header that RabbitMQ's message-timestamp plugin adds: type `l`, 64 bits. */
const IN_MS = Buffer.from("\x0ftimestamp_in_msl");

/** A timestamp from here on is in milliseconds: in seconds it would be the year 5138. */
const MIN_MILLISECONDS = 1e11;

/**
 * The age of a message, by its publisher's timestamp.
 *
 * The header `timestamp_in_ms` is used as it is. The property `timestamp` is in whole seconds, so it
 * counts as the end of its second: a message without delay does not appear late, and a delay of
 * seconds shows. Both include the difference between the clocks of the two machines.
 *
 * @param bytes of a content header
 * @param at where its property flags begin
 * @param end where its frame ends
 * @param now milliseconds since the epoch
 * @returns milliseconds; 0 where the message has no timestamp, or one in the future
 *
 * @example
 * ```ts
 * declare const [bytes, flags, end]: [Buffer, number, number];
 * ageOf(bytes, flags, end, Date.now()); // 3200
 * ```
 */
export function ageOf(bytes: Buffer, at: number, end: number, now: number): number {
  const flags = bytes.readUInt16BE(at);
  if ((flags & (HEADERS | TIMESTAMP)) === 0) return 0;
  let field = at + 2;
  if (flags & CONTENT_TYPE) field += 1 + (bytes[field] ?? 0);
  if (flags & CONTENT_ENCODING) field += 1 + (bytes[field] ?? 0);
  if (flags & HEADERS) {
    if (field + 4 > end) return 0;
    const after = Math.min(field + 4 + bytes.readUInt32BE(field), end);
    const found = bytes.subarray(field + 4, after).indexOf(IN_MS);
    const value = field + 4 + found + IN_MS.length;
    if (found !== -1 && value + 8 <= after) {
      return Math.max(0, now - Number(bytes.readBigInt64BE(value)));
    }
    field = after;
  }
  if ((flags & TIMESTAMP) === 0) return 0;
  if (flags & DELIVERY_MODE) field++;
  if (flags & PRIORITY) field++;
  for (const flag of SHORT_STRINGS) if (flags & flag) field += 1 + (bytes[field] ?? 0);
  if (field + 8 > end) return 0;
  return Math.max(0, now - endOfSecond(Number(bytes.readBigUInt64BE(field))));
}

/** The age of a message that the library has read. */
export function ageOfMessage({ headers, timestamp }: AMQPProperties, now: number): number {
  const inMs: unknown = headers?.timestamp_in_ms;
  if (typeof inMs === "number" || typeof inMs === "bigint") {
    return Math.max(0, now - Number(inMs));
  }
  // The library converts the number to a Date as seconds, which is invalid for some numbers.
  const number = (timestamp?.getTime() ?? NaN) / 1000;
  return Number.isNaN(number) ? 0 : Math.max(0, now - endOfSecond(number));
}

/** The end of the second that a timestamp is in, in milliseconds. */
function endOfSecond(timestamp: number): number {
  return timestamp >= MIN_MILLISECONDS ? timestamp : (timestamp + 1) * 1000;
}
