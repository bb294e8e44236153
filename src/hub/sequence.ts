/** Decimal digits of the largest whole number that a `number` tells apart, 2^53 - 1, or fewer. */
const DIGITS = /^\d{1,16}$/;

/**
 * Consecutive increments at or below the sequence that show a restarted count: the exchange's
 * engine began again at one, and its snapshot was lost. Repeated deliveries are fewer.
 */
export const OLD_INCREMENTS_OF_A_RESTART = 5;

/**
 * The number that an exchange gives a snapshot or an increment (protocol, section 6), as a JSON
 * number or as decimal digits in a text.
 *
 * @returns `undefined` where there is none, "unusable" where it is not a whole number or is beyond
 * 2^53 - 1
 *
 * @example
 * ```ts
 * readSequence({ asks: [], sequence: 7 }); // 7
 * readSequence({ asks: [], sequence: "7" }); // 7
 * readSequence({ asks: [] }); // undefined
 * ```
 */
export function readSequence(payload: unknown): number | undefined | "unusable" {
  if (typeof payload !== "object" || payload === null || !("sequence" in payload)) {
    return undefined;
  }
  const { sequence } = payload;
  if (sequence === undefined || sequence === null) return undefined;
  const number = typeof sequence === "string" && DIGITS.test(sequence)
    ? Number(sequence)
    : sequence;
  return Number.isSafeInteger(number) ? number as number : "unusable";
}

/**
 * Where an increment stands to the state.
 *
 * @param sequence of the increment
 * @param last applied
 * @returns "next" also where one of them has no number: there is nothing to hold against it then
 *
 * @example
 * ```ts
 * orderOf(8, 7); // "next"
 * orderOf(7, 7); // "stale"
 * orderOf(9, 7); // "gap"
 * ```
 */
export function orderOf(
  sequence: number | undefined,
  last: number | undefined,
): "next" | "stale" | "gap" {
  if (sequence === undefined || last === undefined || sequence === last + 1) return "next";
  return sequence <= last ? "stale" : "gap";
}
