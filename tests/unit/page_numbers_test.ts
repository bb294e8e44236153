import assert from "node:assert/strict";
import fc from "fast-check";
import { compareDecimals } from "../../client/src/mod.ts";
import { candleOf } from "../../web/src/candle_history.ts";
import {
  clock,
  isTime,
  moment,
  readNumber,
  shown,
  textOf,
  timeOf,
  visible,
} from "../../web/src/numbers.ts";

/** What JSON can hold, and members that break a conversion to text. */
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(1e18, -1e18, 8.64e15, 8.65e15, 1e308, { toString: 1, valueOf: 1 }),
);

Deno.test("whatever an event has for a time or a text, the page can show it", () => {
  fc.assert(fc.property(value, (value) => {
    const time = timeOf(value);
    for (const text of [clock(time), moment(time), textOf(value)]) {
      assert.equal(typeof text, "string");
      assert.doesNotMatch(text, /[\p{Cc}\p{Bidi_Control}]/u);
    }
  }));
  assert.equal(clock(timeOf(1e30)), "–");
  assert.equal(moment(NaN), "–");
  assert.notEqual(clock(timeOf(1588000798)), "–");
  assert.equal(timeOf(1588000798), 1588000798000);
  assert.equal(timeOf("2020-04-27T15:19:58Z"), 1588000798000);
});

/** Decimal numbers as exchanges write them: plain or with an exponent, as text or as a number. */
const decimal = fc.record({
  sign: fc.constantFrom("", "-"),
  digits: fc.stringMatching(/^\d{1,60}$/),
  places: fc.integer({ min: 0, max: 60 }),
  exponent: fc.option(fc.integer({ min: -330, max: 300 }), { nil: undefined }),
  letter: fc.constantFrom("e", "E"),
}).map(({ sign, digits, places, exponent, letter }) => {
  const all = digits.padStart(places + 1, "0");
  const plain = places > 0 ? `${all.slice(0, -places)}.${all.slice(-places)}` : all;
  return `${sign}${plain}${exponent === undefined ? "" : `${letter}${exponent}`}`;
});

Deno.test("a number is shown with each of its digits, or not as a number", () => {
  let read = 0;
  fc.assert(
    fc.property(decimal, (given) => {
      const figure = readNumber(given);
      if (!figure) {
        const significant = given.replace(/e.*/i, "").replace(/\D/g, "").replace(/^0+|0+$/g, "");
        assert.ok(significant.length > 30 || !Number.isFinite(Number(given)), given);
        return;
      }
      read++;
      assert.ok(figure.text.length <= 40, figure.text);
      assert.equal(compareDecimals(figure.text, given), 0, `${given} is shown as ${figure.text}`);
      assert.equal(figure.value, Number(given));
      assert.ok(figure.text.length > 30 || !/e/.test(figure.text) || /e-?\d\d/.test(figure.text));
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 500, `${read} read`);
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (given) => {
    assert.equal(Number(readNumber(given)!.text), given + 0);
  }));
  assert.equal(readNumber("1.5e-8")!.text, "0.000000015");
  assert.equal(readNumber(1.2e-7)!.text, "0.00000012");
  assert.equal(readNumber("1.0e+16")!.text, "10000000000000000");
  assert.equal(readNumber("1.50")!.text, "1.50");
  assert.equal(readNumber("1e-300")!.text, "1e-300");
});

Deno.test("what is not a number is none, and not zero", () => {
  const others = [null, undefined, "", " ", "0x10", "1,5", "NaN", "Infinity", NaN, Infinity, true];
  for (
    const other of [...others, [], ["1"], {}, "1e999", "9".repeat(101), `1.${"0".repeat(1e5)}`]
  ) {
    assert.equal(readNumber(other), undefined, String(other).slice(0, 40));
    assert.equal(typeof shown(other), "string");
    assert.ok(shown(other).length <= 41);
  }
  for (const nothing of [null, undefined, ""]) assert.equal(shown(nothing), "–");
  assert.equal(candleOf([1537370580, null, null, null, null, null]), undefined);
  assert.equal(candleOf([1537370580, 1, 2, 3, 1, 1]), undefined, "the highest is below the lowest");
});

Deno.test("times are read in seconds, milliseconds, microseconds and nanoseconds", () => {
  const days = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2200, 0) });
  fc.assert(fc.property(days, (milliseconds) => {
    const seconds = Math.floor(milliseconds / 1000);
    for (const factor of [1, 1e3, 1e6, 1e9]) {
      assert.equal(Math.floor(timeOf(seconds * factor) / 1000), seconds);
      assert.equal(candleOf([seconds * factor, 1, 2, 1, 2, 0])!.time, seconds);
      assert.equal(candleOf([String(seconds * factor), 1, 2, 1, 2, 0])!.time, seconds);
    }
  }));
});

Deno.test("any candle that is read can be drawn", () => {
  fc.assert(fc.property(fc.array(value, { minLength: 6, maxLength: 6 }), (payload) => {
    const candle = candleOf(payload);
    if (!candle) return;
    const { time, ...figures } = candle;
    assert.ok(Number.isInteger(time) && isTime(time * 1000));
    assert.ok(Object.values(figures).every(({ value }) => Number.isFinite(value)));
  }));
  assert.equal(candleOf([1588000800, "1.5e-8", 3, 1e-9, 2, 9])!.open.text, "0.000000015");
});

Deno.test("characters that turn the direction of others are shown as what they are", () => {
  assert.equal(visible("a\u202eb\u0007ü→"), "a\\u{202e}b\\u{7}ü→");
});
