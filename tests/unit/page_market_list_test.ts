import assert from "node:assert/strict";
import { fits, type ListedMarket, ordered } from "../../web/src/market_order.ts";
import { dayFigures, pageTitle } from "../../web/src/market_figures.ts";
import { TradeFilter } from "../../web/src/trade_filter.ts";
import { tradesOf } from "../../web/src/public_trade.ts";

const MARKETS: readonly ListedMarket[] = [
  {
    id: "b",
    name: "B/USD",
    favourite: false,
    ticker: { price_change_percent: "+1.00%", volume: 5 },
  },
  { id: "c", name: "C/USD", favourite: false, ticker: {} },
  {
    id: "a",
    name: "A/USD",
    favourite: false,
    ticker: { price_change_percent: "-3.00%", volume: "70" },
  },
  {
    id: "d",
    name: "D/USD",
    favourite: true,
    ticker: { price_change_percent: "+0.00%", amount: "9" },
  },
];

Deno.test("markets are sorted by figure, favourites first, those without a figure last", () => {
  const ids = (sort: Parameters<typeof ordered>[1]) =>
    ordered(MARKETS, sort).map(({ id }) => id).join(" ");
  assert.equal(ids("listed"), "d b c a");
  assert.equal(ids("name"), "d a b c");
  assert.equal(ids("change"), "d b a c");
  assert.equal(ids("volume"), "d a b c");
});

Deno.test("a market is found by a part of its id or name", () => {
  const market = { id: "btcusd", name: "BTC/USDT" };
  for (const text of ["", "btc", "C/US", "cusd", "btc-usdt"]) assert.ok(fits(market, text), text);
  assert.ok(!fits(market, "eth"));
});

Deno.test("the figures of a day are those that the exchange gives", () => {
  assert.deepEqual(dayFigures({}), []);
  assert.deepEqual(dayFigures({ high: "NaN", low: null, volume: "" }), []);
  assert.deepEqual(
    dayFigures({
      high: "12345.6",
      low: 1e-7,
      amount: "2.5",
      volume: "9",
      base_unit: "btc",
      price_change_percent: "+2.00%",
    }),
    [
      ["24 h change", "+2.00%"],
      ["24 h high", "12,345.6"],
      ["24 h low", "0.0000001"],
      ["24 h volume", "2.5 BTC"],
    ],
  );
  assert.deepEqual(dayFigures({ volume: "9000" }), [["24 h volume", "9,000"]]);
});

Deno.test("the tab's title has the price, and none that is not a number", () => {
  assert.equal(pageTitle("BTC/USD", "▲ 1020.5"), "1,020.5 BTC/USD · Ranger");
  assert.equal(pageTitle("BTC/USD", "–"), "BTC/USD · Ranger");
  assert.equal(pageTitle("BTC/USD", undefined), "BTC/USD · Ranger");
});

Deno.test("a trade that is received again passes once", () => {
  const filter = new TradeFilter();
  const trade = { tid: 1, price: "5", amount: "1", date: 1588000798, taker_type: "buy" };
  const receive = (...trades: unknown[]) => filter.fresh(tradesOf({ trades })).length;
  assert.equal(receive(trade, { ...trade, tid: 2 }), 2);
  assert.equal(receive(trade, { ...trade, tid: 2 }, { ...trade, tid: 3 }), 1);
  assert.equal(receive({ ...trade, date: 1588000799 }), 1, "numbered from the beginning");
  const { tid: _, ...unnumbered } = trade;
  assert.equal(receive(unnumbered, unnumbered), 2, "they may be two trades");
  filter.clear();
  assert.equal(receive(trade), 1);
});
