import { crc32 } from "node:zlib";
import { type Level, textOf } from "./book_reader.ts";

/** How many levels of each side the checksum covers. */
export const CHECKSUM_LEVELS = 10;

/**
 * The checksum of an order book's best levels, as Kraken's WebSocket API v2 has it
 * (https://docs.kraken.com/exchange/guides/websockets/book-checksum-v2): the CRC-32 of the digits of
 * price and amount of ten asks, rising, then of ten bids, falling, each without its point and without
 * leading zeros.
 *
 * @param asks the best first, at most {@linkcode CHECKSUM_LEVELS}
 * @param bids the same
 * @returns 0 to 2^32 - 1; 0 for an empty book
 *
 * @example
 * ```ts
 * bookChecksum([["0.05005", "0.00000500"]], []); // the CRC-32 of "5005500"
 * ```
 */
export function bookChecksum(asks: readonly Level[], bids: readonly Level[]): number {
  let digits = "";
  for (const [price, amount] of asks) digits += digitsOf(textOf(price)) + digitsOf(textOf(amount));
  for (const [price, amount] of bids) digits += digitsOf(textOf(price)) + digitsOf(textOf(amount));
  return crc32(digits);
}

function digitsOf(decimal: string): string {
  return decimal.replace(".", "").replace(/^0+/, "");
}

const encoder = new TextEncoder();
const CLOSING_BRACE = 0x7d;
const OPENING_BRACE = 0x7b;

/**
 * A payload with `"checksum"` as its last member.
 *
 * @param body a JSON object
 *
 * @example
 * ```ts
 * const body = new TextEncoder().encode('{"asks":["15.0","1"],"sequence":9}');
 * withChecksum(body, 7); // {"asks":["15.0","1"],"sequence":9,"checksum":7}
 * ```
 */
export function withChecksum(body: Uint8Array, checksum: number): Uint8Array {
  const end = body.lastIndexOf(CLOSING_BRACE);
  let before = end - 1;
  while (isSpace(body[before])) before--;
  const comma = body[before] === OPENING_BRACE ? "" : ",";
  const ending = encoder.encode(`${comma}"checksum":${checksum}}`);
  const whole = new Uint8Array(end + ending.length);
  whole.set(body.subarray(0, end));
  whole.set(ending, end);
  return whole;
}

/** JSON's white space (RFC 8259 §2). */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
