/** Up to 16 decimal digits, as many as the largest safe integer, 2^53 - 1, has. */
const SEQUENCE_DIGITS = /^\d{1,16}$/;

/**
 * Number of consecutive old increments that show that the exchange has restarted its sequence, and
 * that its snapshot was lost. Repeated deliveries are fewer.
 */
export const RESTART_OLD_INCREMENTS = 5;

/**
 * Reads the sequence of a snapshot or an increment (protocol, section 6): a JSON number, or decimal
 * digits in a string.
 *
 * @returns `undefined` if there is none, "unusable" if it is not an integer or exceeds 2^53 - 1
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
  const number = typeof sequence === "string" && SEQUENCE_DIGITS.test(sequence)
    ? Number(sequence)
    : sequence;
  return Number.isSafeInteger(number) ? number as number : "unusable";
}

/**
 * Compares the sequence of an increment with that of the state.
 *
 * @param sequence of the increment
 * @param last the sequence applied last
 * @returns "next" also if one of them is missing, "old" if the state includes the increment already
 *
 * @example
 * ```ts
 * orderOf(8, 7); // "next"
 * orderOf(7, 7); // "old"
 * orderOf(9, 7); // "gap"
 * ```
 */
export function orderOf(
  sequence: number | undefined,
  last: number | undefined,
): "next" | "old" | "gap" {
  if (sequence === undefined || last === undefined || sequence === last + 1) return "next";
  return sequence <= last ? "old" : "gap";
}
