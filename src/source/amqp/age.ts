import type { AMQPProperties } from "@cloudamqp/amqp-client";
import { Buffer } from "node:buffer";

/** Property flags of a content header, in the order of the properties (AMQP 0-9-1 §4.2.6.1). */
const CONTENT_TYPE = 1 << 15;
const CONTENT_ENCODING = 1 << 14;
const HEADERS = 1 << 13;
const DELIVERY_MODE = 1 << 12;
const PRIORITY = 1 << 11;
/** Correlation id, reply to, expiration, message id: short strings, each of them. */
const SHORT_STRINGS = [1 << 10, 1 << 9, 1 << 8, 1 << 7];
const TIMESTAMP = 1 << 6;

/** What RabbitMQ's message-timestamp plugin, and exchanges that want to be exact, add: `l`, 64 bits. */
const EXACT = Buffer.from("\x0ftimestamp_in_msl");

/** From here on a number of seconds is one of milliseconds: the year 5138. */
const MILLISECONDS = 1e11;

/**
 * How long a message has been under way, as far as its publisher tells.
 *
 * The header `timestamp_in_ms` is taken as it is. The property `timestamp` has whole seconds, which
 * say nothing about milliseconds: it counts as the last moment that it may mean, so that a message
 * that comes at once is not taken for late, and one that waited for seconds is known. What the
 * clocks of two machines differ is in both.
 *
 * @param bytes with a content header's properties
 * @param at where its property flags begin
 * @param end where its frame ends
 * @param now milliseconds since the epoch
 * @returns milliseconds; 0 where the message does not tell, or tells of the future
 *
 * @example
 * ```ts
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
    const exact = bytes.subarray(field + 4, after).indexOf(EXACT);
    const value = field + 4 + exact + EXACT.length;
    if (exact !== -1 && value + 8 <= after) {
      return Math.max(0, now - Number(bytes.readBigInt64BE(value)));
    }
    field = after;
  }
  if ((flags & TIMESTAMP) === 0) return 0;
  if (flags & DELIVERY_MODE) field++;
  if (flags & PRIORITY) field++;
  for (const flag of SHORT_STRINGS) if (flags & flag) field += 1 + (bytes[field] ?? 0);
  if (field + 8 > end) return 0;
  return Math.max(0, now - latestOf(Number(bytes.readBigUInt64BE(field))));
}

/** The same of a message that the library has read. */
export function ageOfMessage({ headers, timestamp }: AMQPProperties, now: number): number {
  const exact: unknown = headers?.timestamp_in_ms;
  if (typeof exact === "number" || typeof exact === "bigint") {
    return Math.max(0, now - Number(exact));
  }
  // The library makes a date of the number, as if it were seconds; of some numbers there is none.
  const number = (timestamp?.getTime() ?? NaN) / 1000;
  return Number.isNaN(number) ? 0 : Math.max(0, now - latestOf(number));
}

/** The last moment, in milliseconds, that a message's timestamp may mean. */
function latestOf(timestamp: number): number {
  return timestamp >= MILLISECONDS ? timestamp : (timestamp + 1) * 1000;
}
