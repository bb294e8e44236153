/**
 * Formats whole units like Ruby's `BigDecimal#to_s` under Rails: plain digits, without trailing zeros
 * but with at least one digit after the point. The simulator counts in whole units (ticks of a price,
 * lots of an amount), so no text shows the rounding of a binary fraction.
 *
 * @param units not negative
 * @param precision digits after the point, 0 or more
 *
 * @example
 * ```ts
 * bigDecimal(100190, 2); // "1001.9"
 * bigDecimal(0, 2); // "0.0"
 * ```
 */
export function bigDecimal(units: number | bigint, precision: number): string {
  const digits = units.toString().padStart(precision + 1, "0");
  const point = digits.length - precision;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1;
  return `${digits.slice(0, point)}.${end === point ? "0" : digits.slice(point, end)}`;
}

/** Converts whole units to the nearest number, for payloads that carry numbers: `60123.45`. */
export function numeric(units: number, precision: number): number {
  // A division by a power of ten rounds once, so the number prints as the intended decimal.
  return units / 10 ** precision;
}
