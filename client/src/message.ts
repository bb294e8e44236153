/** Matches order book events in which a price or an amount is a JSON number. */
const BOOK_WITH_NUMBERS = /^\{"[^".]+\.ob-(?:snap|inc)"[^]*[[,]\s*-?\d/;
/** Matches strings, which stay as they are, and numbers in arrays. */
const TEXTS_AND_NUMBERS = /"(?:\\.|[^"\\])*"|([[,]\s*)(-?\d[^\s,\]]*)/g;

/**
 * Parses a message from the server. Prices and amounts of an order book that are JSON numbers
 * become strings, because floating point would round them.
 *
 * @throws {SyntaxError} the message is not valid JSON
 *
 * @example
 * ```ts
 * import { parseMessage } from "./message.ts";
 *
 * parseMessage('{"btcusd.ob-inc":{"asks":[1.10,2],"sequence":3}}');
 * // { "btcusd.ob-inc": { asks: ["1.10", "2"], sequence: 3 } }
 * ```
 */
export function parseMessage(text: string): Record<string, unknown> {
  const quoted = BOOK_WITH_NUMBERS.test(text)
    ? text.replace(
      TEXTS_AND_NUMBERS,
      (all, start, digits) => digits ? `${start}"${digits}"` : all,
    )
    : text;
  return JSON.parse(quoted);
}
