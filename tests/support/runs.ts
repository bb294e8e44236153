/** How many random inputs a property test tries. */

/** A multiple of the default numbers, for long runs. */
const times = wholeNumber("RANGER_FUZZ_TIMES") ?? 1;

/**
 * The number of inputs of a property: the given one, multiplied by RANGER_FUZZ_TIMES.
 *
 * @param count default number, small enough that the unit tests end within 25 seconds
 * @example
 * ```ts
 * import fc from "fast-check";
 * const property = fc.property(fc.integer(), (n) => n + 0 === n);
 * fc.assert(property, { numRuns: runs(200) }); // 20,000 with RANGER_FUZZ_TIMES=100
 * ```
 */
export function runs(count: number): number {
  return count * times;
}

/**
 * @param name an environment variable
 * @returns its value, or undefined where it is not set or empty
 * @throws Error when it is not a whole number
 */
export function wholeNumber(name: string): number | undefined {
  const text = Deno.env.get(name);
  if (!text) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Error(`${name} is ${JSON.stringify(text)}; expected a whole number`);
}
