/** An event of an order book in which a price or an amount is a JSON number. */
const BOOK_WITH_NUMBERS = /^\{"[^".]+\.ob-(?:snap|inc)"[^]*[[,]\s*-?\d/;
/** Texts, which are left alone, and numbers in arrays. */
const TEXTS_AND_NUMBERS = /"(?:\\.|[^"\\])*"|([[,]\s*)(-?\d[^\s,\]]*)/g;

/**
 * Parses a message of the server. Prices and amounts of an order book that were published as JSON
 * numbers become texts: as numbers they would be rounded.
 *
 * @throws {SyntaxError} it is not valid JSON
 *
 * @example
 * ```ts
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
