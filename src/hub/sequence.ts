/**
 * The number that an exchange gives a snapshot or an increment (protocol, section 6).
 *
 * @returns `undefined` where there is none, "unusable" where it is no whole number
 *
 * @example
 * ```ts
 * readSequence({ asks: [], sequence: 7 }); // 7
 * readSequence({ asks: [] }); // undefined
 * ```
 */
export function readSequence(payload: unknown): number | undefined | "unusable" {
  if (typeof payload !== "object" || payload === null || !("sequence" in payload)) {
    return undefined;
  }
  const { sequence } = payload;
  if (sequence === undefined || sequence === null) return undefined;
  return Number.isSafeInteger(sequence) ? sequence as number : "unusable";
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
