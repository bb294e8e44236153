/**
 * Whole units as a decimal text with a fixed number of digits after the point. The simulator
 * counts in whole units (ticks of a price, lots of an amount), so no text ever shows the
 * rounding of a binary fraction.
 *
 * @param units not negative
 * @param precision digits after the point, at least 1
 *
 * @example
 * ```ts
 * decimal(6012345, 2); // "60123.45"
 * decimal(5n, 4); // "0.0005"
 * ```
 */
export function decimal(units: number | bigint, precision: number): string {
  const digits = units.toString().padStart(precision + 1, "0");
  return `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** Whole units as the nearest number, for the payloads that carry numbers: `60123.45`. */
export function numeric(units: number, precision: number): number {
  // A division by a power of ten rounds once, so the number prints as the decimal it stands for.
  return units / 10 ** precision;
}

/**
 * Whole units as Ruby's `BigDecimal#to_s` writes the number under Rails: plain digits, none after
 * the point that is zero at the end, but at least one.
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
