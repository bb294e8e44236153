import fc from "fast-check";
import assert from "node:assert/strict";
import { compareDecimals, type Decimal, isZero, parseDecimal } from "../../src/hub/decimal.ts";
import { scaled } from "../support/model_book.ts";

const digits = (minLength: number) =>
  fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 })), { minLength, maxLength: 20 })
    .map((each) => each.join(""));

/** Decimal numbers in all spellings: signs, zeros before and after, exponents. */
const spelling: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom("", "", "-", "+"),
  fc.constantFrom("", "", "0", "000"),
  digits(1),
  fc.option(digits(0), { nil: undefined }),
  fc.constantFrom("", "", "0", "00000"),
  fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.integer({ min: -25, max: 25 }))),
).map(([sign, before, whole, fraction, after, exponent]) =>
  sign + before + whole + (fraction === undefined ? "" : `.${fraction}${after}`) +
  (exponent === null ? "" : exponent.join(""))
);

/** Numbers that are the same or nearly so, which random digits are not. */
const neighbours: fc.Arbitrary<[string, string]> = fc.tuple(
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  fc.integer({ min: -1, max: 1 }),
  fc.integer({ min: 0, max: 20 }),
).map(([number, difference, exponent]) => [
  `${number}e-${exponent}`,
  `${(number + BigInt(difference)) * 10n}e-${exponent + 1}`,
]);

function read(text: string): Decimal {
  const decimal = parseDecimal(text);
  assert.ok(decimal, `${text} is read`);
  return decimal;
}

function orderOf(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

Deno.test("decimal numbers of any spelling compare as exact arithmetic has it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.tuple(spelling, spelling), neighbours), ([a, b]) => {
      const order = compareDecimals(read(a), read(b));
      assert.equal(orderOf(scaled(a), scaled(b)), Math.sign(order) + 0, `${a} and ${b}`);
      assert.equal(Math.sign(compareDecimals(read(b), read(a))) + 0, -Math.sign(order) + 0);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("a number is zero when every digit of it is, however small it is", () => {
  fc.assert(
    fc.property(spelling, (text) => {
      assert.equal(isZero(read(text)), scaled(text) === 0n, text);
    }),
    { numRuns: 5000 },
  );
  for (const text of ["0", "-0", "+0.000", "0e5", "0e-999"]) assert.ok(isZero(read(text)), text);
  for (const text of ["1e-999", `0.${"0".repeat(120)}1e-300`]) assert.ok(!isZero(read(text)), text);
});

Deno.test("prices that binary fractions or texts would confuse are distinct", () => {
  const rising = [
    "-100000000",
    "-9.90",
    "-0.00000001",
    "0",
    "1e-999",
    "2e-999",
    "0.000000000000000000000000000001",
    "0.00000001",
    "0.1",
    "0.10000000000000000000000000000000000001",
    "9.9",
    "10.0",
    "100",
    "100000000",
    "9007199254740992",
    "9007199254740992.5",
    "9007199254740993",
    "123456789012345678901234567890.123456789",
    "123456789012345678901234567890.123456790",
    "1e998",
    "1e999",
  ];
  for (const [i, a] of rising.entries()) {
    for (const [j, b] of rising.entries()) {
      assert.equal(Math.sign(compareDecimals(read(a), read(b))) + 0, orderOf(BigInt(i), BigInt(j)));
    }
  }
});

Deno.test("one number has many spellings", () => {
  for (
    const [a, b] of [
      ["0.1e-7", "0.00000001"],
      ["1E+8", "100000000"],
      ["15", "15.0"],
      ["15.", "+0015.000"],
      ["-0", "0.0"],
      ["0e5", "-0.00e-99"],
      ["12.5e1", "125"],
      ["12.5e-2", "0.125"],
      ["1e-0", "1"],
      ["1e127", `1${"0".repeat(127)}`],
      ["100e997", "1e999"],
    ] as const
  ) {
    assert.equal(compareDecimals(read(a), read(b)) + 0, 0, `${a} is ${b}`);
  }
});

Deno.test("a number longer than any price costs nothing: it is none", () => {
  const longest = "9".repeat(128);
  assert.ok(parseDecimal(longest));
  for (const text of [`9${longest}`, "9".repeat(10_000), "1e999999999", "1e-1000"]) {
    assert.equal(parseDecimal(text), undefined);
  }
});

Deno.test("a text that is not a decimal number is refused", () => {
  const wrong = [
    "",
    " ",
    "1 ",
    " 1",
    "1\n",
    "-",
    "+",
    ".",
    ".5",
    "e5",
    "1e",
    "1e+",
    "1e1.5",
    "1.2.3",
  ];
  const texts = ["NaN", "Infinity", "0x10", "1,5", "1_000", "--1", "١", "1e1000", "1n", "null"];
  for (const text of [...wrong, ...texts]) assert.equal(parseDecimal(text), undefined, text);
});
