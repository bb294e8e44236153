import assert from "node:assert/strict";
import { candleOf } from "../../web/src/candle_history.ts";
import { PUBLISHED } from "../support/peatio_payloads.ts";

Deno.test("the page draws the candles that exchanges publish, and none of a period without prices", () => {
  const candles = PUBLISHED.filter(({ stream }) => stream === "usdbtc.kline-15m")
    .map(({ what, json }) => ({ what, json, candle: candleOf(JSON.parse(json)) }));
  for (const { what, json, candle } of candles) {
    const readable = !json.includes("null") && !json.startsWith('"');
    assert.equal(candle !== undefined, readable, what);
    if (candle) {
      assert.ok(
        [candle.open, candle.high, candle.low, candle.close].every(({ value }) => value > 0),
        what,
      );
    }
  }
});
