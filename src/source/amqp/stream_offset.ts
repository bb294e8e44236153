import type { AMQPProperties } from "@cloudamqp/amqp-client";
import { Buffer } from "node:buffer";
import { headersOf } from "./content_header.ts";

/** RabbitMQ's header of a delivery from a stream: type `l`, 64 bits. */
const OFFSET = Buffer.from("\x0fx-stream-offsetl");
const LENGTH = OFFSET.length + 8;

/**
 * The offset of a delivery from a stream.
 *
 * @param bytes of a content header
 * @param at where its property flags begin
 * @param end where its frame ends
 * @returns -1 where it has none, because the queue is not a stream
 *
 * @example
 * ```ts
 * declare const bytes: Buffer, flags: number, end: number;
 * streamOffsetOf(bytes, flags, end); // 12_345
 * ```
 */
export function streamOffsetOf(bytes: Buffer, at: number, end: number): number {
  const headers = headersOf(bytes, at, end);
  if (headers === undefined) return -1;
  // RabbitMQ 3 adds it as the last header.
  let value = headers.end - 8;
  if (value - OFFSET.length < headers.start || !isOffset(bytes, value - OFFSET.length)) {
    const found = bytes.subarray(headers.start, headers.end).indexOf(OFFSET);
    if (found === -1 || headers.start + found + LENGTH > headers.end) return -1;
    value = headers.start + found + OFFSET.length;
  }
  return bytes.readInt32BE(value) * 2 ** 32 + bytes.readUInt32BE(value + 4);
}

/** The same of a message that the library has read. */
export function streamOffsetOfMessage({ headers }: AMQPProperties): number {
  const offset: unknown = headers?.["x-stream-offset"];
  return typeof offset === "number" || typeof offset === "bigint" ? Number(offset) : -1;
}

function isOffset(bytes: Buffer, at: number): boolean {
  return bytes.compare(OFFSET, 0, OFFSET.length, at, at + OFFSET.length) === 0;
}
