/**
 * Verifies order books by the server's checksums: a message that was lost or changed on its way, or
 * an error in a program between, does not leave a wrong book on the screen.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * import { verifyBook } from "@ranger-ws/client/checksum";
 *
 * const ranger = connect("wss://example.com/public", { verifyBook });
 * ranger.onError(({ code, stream }) => console.log(code, stream)); // protocol btcusd.ob-inc
 * ```
 *
 * @module
 */
import type { Book, Level } from "./api.ts";

/** Levels per side that a checksum covers. */
const LEVELS = 10;

/** The generator polynomial of CRC-32, reflected (ISO 3309). */
const POLYNOMIAL = 0xedb88320;

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) {
    byte = byte & 1 ? (byte >>> 1) ^ POLYNOMIAL : byte >>> 1;
  }
  return byte;
});

/**
 * Compares a book with the checksum of the message that led to it: the option `verifyBook` of
 * `connect`.
 *
 * @param payload of a snapshot or an increment
 * @returns false if they differ; true also for a message that has no checksum, and for an increment
 * that is older than the book
 */
export function verifyBook(
  book: Pick<Book, "depth" | "sequence">,
  payload: unknown,
): boolean {
  const { checksum, sequence } = payload as Record<string, unknown>;
  const isOlder = Number(sequence ?? NaN) < (book.sequence ?? NaN);
  return typeof checksum !== "number" || isOlder ||
    checksum === bookChecksum(book);
}

/**
 * Computes the checksum of a book's best ten levels per side, as Kraken's WebSocket API v2 has it.
 *
 * @returns 0 to 2^32 - 1; 0 for an empty book
 */
export function bookChecksum(book: Pick<Book, "depth">): number {
  const { asks, bids } = book.depth(LEVELS);
  return crc32(digitsOf(asks) + digitsOf(bids));
}

function digitsOf(levels: readonly Level[]): string {
  return levels.map(({ price, amount }) => digits(price) + digits(amount)).join(
    "",
  );
}

function digits(decimal: string): string {
  return decimal.replace(".", "").replace(/^0+/, "");
}

/** @param text ASCII */
function crc32(text: string): number {
  let crc = -1;
  for (let at = 0; at < text.length; at++) {
    crc = TABLE[(crc ^ text.charCodeAt(at)) & 255]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
