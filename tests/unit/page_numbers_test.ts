import assert from "node:assert/strict";
import fc from "fast-check";
import { CandleHistory, candleOf, isDrawable } from "../../web/src/candle_history.ts";
import { clock, moment, textOf, timeOf, visible } from "../../web/src/numbers.ts";

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
  assert.equal(clock(timeOf(1e18)), "–");
  assert.equal(moment(NaN), "–");
  assert.notEqual(clock(timeOf(1588000798)), "–");
  assert.equal(timeOf(1588000798), 1588000798000);
  assert.equal(timeOf("2020-04-27T15:19:58Z"), 1588000798000);
});

Deno.test("a candle that the chart throws at is none", () => {
  fc.assert(fc.property(fc.array(value, { minLength: 6, maxLength: 6 }), (payload) => {
    const candle = candleOf(payload);
    if (candle) assert.ok(isDrawable(candle));
  }));
  assert.equal(candleOf([1e18, 1, 2, 3, 4, 5]), undefined);
  assert.equal(candleOf([1, 1e300, 2, 3, 4, 5]), undefined);
  assert.ok(candleOf([1588000800, "1.5", 3, 1, 2, 9]));
  const history = new CandleHistory();
  for (let times = 0; times < 3; times++) history.trade(1, 5, 9e13, 5);
  assert.ok(history.all.every(isDrawable), "however much is traded");
});

Deno.test("characters that turn the direction of others are shown as what they are", () => {
  assert.equal(visible("a\u202eb\u0007ü→"), "a\\u{202e}b\\u{7}ü→");
});
