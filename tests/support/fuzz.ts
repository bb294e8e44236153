import fc from "fast-check";
import { joined } from "./bytes.ts";
import { runs, wholeNumber } from "./runs.ts";

/**
 * The seed: RANGER_FUZZ_SEED where it is set, else a random one. It is printed before the first
 * input, so that a run that hangs can be repeated.
 */
const seed = wholeNumber("RANGER_FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 31);

console.error(`fuzzing with RANGER_FUZZ_SEED=${seed}`);

/**
 * Checks a property with random inputs, the same ones for the same RANGER_FUZZ_SEED.
 *
 * @param inputs how many; RANGER_FUZZ_TIMES multiplies them
 * @throws Error with the seed, and the smallest input that still breaks the property
 * @example
 * ```ts
 * import fc from "fast-check";
 * fuzz(100_000, fc.property(fc.string(), (text) => text === JSON.parse(JSON.stringify(text))));
 * // RANGER_FUZZ_SEED=1234 make test ARGS=tests/… repeats a failing run
 * ```
 */
export function fuzz<Input>(inputs: number, property: fc.IProperty<Input>): void {
  check(fc.check(property, { seed, numRuns: runs(inputs) }));
}

/** The same for a property that awaits something. */
export async function fuzzAsync<Input>(
  inputs: number,
  property: fc.IAsyncProperty<Input>,
): Promise<void> {
  check(await fc.check(property, { seed, numRuns: runs(inputs) }));
}

function check<Input>(details: fc.RunDetails<Input>): void {
  if (!details.failed) return;
  throw new Error(`RANGER_FUZZ_SEED=${seed} repeats it\n${fc.defaultReportMessage(details)}`, {
    cause: details.errorInstance,
  });
}

/** One change to a sequence of bytes. */
export interface Damage {
  readonly at: number;
  readonly how: "change" | "add" | "lose" | "cut" | "double";
  readonly byte: number;
}

/** One to three changes. */
export const arbitraryDamage: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    at: fc.nat(65_535),
    how: fc.constantFrom("change", "change", "add", "lose", "cut", "double"),
    // Bytes with a meaning in most formats are more frequent.
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x22, 0x2c, 0x2e, 0x7f, 0x80, 0xff)),
  }),
  { minLength: 1, maxLength: 3 },
);

/**
 * The bytes with the changes made, and the number of unchanged bytes at the beginning.
 *
 * @example
 * ```ts
 * damaged(new Uint8Array([1, 2, 3]), [{ at: 1, how: "lose", byte: 0 }]).bytes; // [1, 3]
 * ```
 */
export function damaged(
  bytes: Uint8Array,
  changes: readonly Damage[],
): { bytes: Uint8Array; intact: number } {
  let result = new Uint8Array(bytes);
  let intact = bytes.length;
  for (const { at, how, byte } of changes) {
    const place = at % (result.length + 1);
    intact = Math.min(intact, place);
    const [before, after] = [result.subarray(0, place), result.subarray(place)];
    if (how === "change") result = joined(before, [byte], after.subarray(1));
    else if (how === "add") result = joined(before, [byte], after);
    else if (how === "lose") result = joined(before, after.subarray(1));
    else if (how === "cut") result = before.slice();
    else result = joined(before, before.slice(-40), after);
  }
  return { bytes: result, intact };
}
