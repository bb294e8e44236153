import assert from "node:assert/strict";
import { peatioRegistry } from "../src/streams/peatio.ts";

/** Payloads of one stream, as exchanges publish them and as none does. */
interface Examples {
  readonly scope: "public" | "private";
  readonly stream: string;
  /** By what they show. */
  readonly fit: Readonly<Record<string, unknown>>;
  readonly unfit: Readonly<Record<string, unknown>>;
}

const ORDER_2018 = {
  id: 22,
  at: 1526477700,
  market: "usdbtc",
  kind: "bid",
  price: "0.0839",
  state: "wait",
  volume: "1.0",
  origin_volume: "2.5",
};
const ORDER_LATER = {
  id: 22,
  market: "usdbtc",
  kind: "bid",
  side: "buy",
  ord_type: "limit",
  price: "0.0839",
  avg_price: "0.0",
  state: "wait",
  origin_volume: "2.5",
  remaining_volume: "1.0",
  executed_volume: "1.5",
  at: 1526477700,
  created_at: 1526477700,
  updated_at: 1526477701,
  trades_count: 1,
};
const ORDER_DOCUMENTED = {
  id: 22,
  side: "sell",
  ord_type: "limit",
  price: "0.0839",
  avg_price: "0.0",
  state: "done",
  market_id: "usdbtc",
  created_at: "2018-05-16T13:35:00Z",
  origin_volume: "2.5",
  trades_count: 1,
  trades: [{ id: 7, price: "0.0839", volume: "1.5" }],
};
const TRADE_2018 = {
  id: 7,
  kind: "ask",
  at: 1526477701,
  price: "0.0839",
  volume: "1.5",
  ask_id: 21,
  bid_id: 22,
  market: "usdbtc",
};
const TRADE_LATER = {
  id: 7,
  price: "0.0839",
  amount: "1.5",
  total: "0.12585",
  market: "usdbtc",
  side: "buy",
  taker_type: "sell",
  created_at: 1588000798,
  order_id: 22,
};
const TRADE_DOCUMENTED = {
  id: 7,
  price: "0.0839",
  volume: "1.5",
  funds: "0.12585",
  market_id: "usdbtc",
  created_at: "2018-05-16T13:35:01Z",
  side: "bid",
  order_id: 22,
  bid: ORDER_DOCUMENTED,
  ask: null,
};
const TICKER = {
  name: "EUR/USD",
  base_unit: "eur",
  quote_unit: "usd",
  low: "1000.0",
  high: "10000.0",
  last: "1000.0",
  open: 1000.0,
  volume: "0.0",
  amount: "0.0",
  avg_price: "0.0",
  price_change_percent: "+0.00%",
  sell: "1020.0",
  buy: "1000.0",
  at: 1588000798,
};
const TRADED = { tid: 7, date: 1588000798, price: "1020.0", amount: "0.001" };
const CANDLE = [1537370580, 0.0839, 0.0921, 0.0781, 0.0845, 0.5895];

const STREAMS: readonly Examples[] = [
  {
    scope: "public",
    stream: "usdbtc.update",
    fit: {
      "both sides": { asks: [["1020.0", "0.005"]], bids: [["1000.0", "0.25"], ["999.0", "1"]] },
      "an empty market": { asks: [], bids: [] },
    },
    unfit: {
      "a side alone": { asks: [] },
      "no levels": { asks: "1020.0", bids: [] },
      "a level of three": { asks: [["1020.0", "0.005", "1"]], bids: [] },
      "a price that is no number": { asks: [["cheap", "0.005"]], bids: [] },
    },
  },
  {
    scope: "public",
    stream: "usdbtc.trades",
    fit: {
      "the later ones": { trades: [{ ...TRADED, taker_type: "buy" }] },
      "the older ones": { trades: [{ ...TRADED, type: "sell" }, { ...TRADED, type: "buy" }] },
      "fields unknown yet": { trades: [{ ...TRADED, taker_type: "buy", maker: 5 }], more: true },
      none: { trades: [] },
    },
    unfit: {
      "a list of its own": [{ ...TRADED, taker_type: "buy" }],
      "nobody who took": { trades: [TRADED] },
      "a taker of another kind": { trades: [{ ...TRADED, taker_type: "bid" }] },
      "a price that is no number": { trades: [{ ...TRADED, taker_type: "buy", price: "1,0" }] },
    },
  },
  {
    scope: "public",
    stream: "usdbtc.ob-snap",
    fit: {
      numbered: { asks: [["15.0", "1"]], bids: [["14.0", "0.001"]], sequence: 7 },
      "an older one": { asks: [["15.0", "1"]], bids: [] },
      "the engine's first": { asks: [], bids: [], sequence: 1 },
      "an upstream's first": { bids: [["14.0", "1.0e-05"]], asks: [], sequence: 0 },
      "numbers in place of texts": { asks: [[15, 1.5]], bids: [[14.25, 1e-8]], sequence: 7 },
      "a sequence as text": { asks: [], bids: [], sequence: "7" },
      "a sequence beyond 2^53": { asks: [], bids: [], sequence: 1588000798000000001 },
      "levels with a count": { asks: [["15.0", "1", 3]], bids: [["14.0", "1", "2"]] },
    },
    unfit: {
      "a side alone": { asks: [["15.0", "1"]], sequence: 7 },
      "a sequence that is no number": { asks: [], bids: [], sequence: "seven" },
      "a sequence that is not whole": { asks: [], bids: [], sequence: 7.5 },
      "a sequence that is not whole, as text": { asks: [], bids: [], sequence: "7.5" },
      "one pair": { asks: ["15.0", "1"], bids: [], sequence: 7 },
      "a text in place of a side": { asks: "15.0", bids: [], sequence: 7 },
      "an empty price": { asks: [["", "1"]], bids: [] },
      "a price that is null": { asks: [[null, "1"]], bids: [] },
      "a count below zero": { asks: [["15.0", "1", -3]], bids: [] },
      "a count that is no number": { asks: [["15.0", "1", "three"]], bids: [] },
      "a level of four": { asks: [["15.0", "1", 3, 4]], bids: [] },
      "a level that is an object": { asks: [{ price: "15.0", amount: "1" }], bids: [] },
    },
  },
  {
    scope: "public",
    stream: "usdbtc.ob-inc",
    fit: {
      "one pair": { asks: ["15.0", "22.1"], sequence: 8 },
      "one pair of the other side": { bids: ["999.0", "0"], sequence: 9 },
      "a list of pairs": { bids: [["999.0", "0.001"]] },
      "a list of the other side": { asks: [["15.0", "22.1"], ["16.0", "0"]] },
      "both sides": { asks: ["15.0", "0.0"], bids: [["14.0", "1"], ["13.0", "0"]], sequence: 9 },
      "a removal, as Peatio's engine publishes it": { asks: ["15.0", ""], sequence: 9 },
      "a removal in a list": { bids: [["14.0", ""], ["13.0", "2.0"]], sequence: 3 },
      "a removal as null": { asks: ["15.0", null], sequence: 9 },
      "an upstream's: the side without changes is null": {
        bids: null,
        asks: [["9302.5", "1.2e-07"], ["9303", "0"]],
        sequence: 1,
      },
      "numbers in place of texts": { asks: [15.25, 0], sequence: 8 },
      "a sequence as text": { asks: ["15.0", "1"], sequence: "9" },
      "a sequence beyond 2^53": { asks: ["15.0", "1"], sequence: 1588000798000000001 },
      "a level with a count": { asks: ["15.0", "1", 3], sequence: 8 },
      "a list of levels with a count": { asks: [["15.0", "1", 3], ["16.0", "", 0]], sequence: 8 },
    },
    unfit: {
      "half a pair": { asks: ["15.0"], sequence: 8 },
      "a pair and a list": { asks: ["15.0", ["16.0", "1"]], sequence: 8 },
      "an amount that is no number": { asks: ["15.0", "much"], sequence: 8 },
      "an amount that is a space": { asks: ["15.0", " "], sequence: 8 },
      "an empty price": { asks: ["", "1"], sequence: 8 },
      "an amount that is not a number": { asks: ["15.0", "NaN"], sequence: 8 },
      "a sequence below zero": { asks: ["15.0", "1"], sequence: -1 },
      "a sequence below zero, as text": { asks: ["15.0", "1"], sequence: "-1" },
      "a sequence of no digits": { asks: ["15.0", "1"], sequence: "" },
      "a count below zero": { asks: ["15.0", "1", -1], sequence: 8 },
      "a list": [["asks", ["15.0", "1"]]],
      "a text": '{"asks":["15.0","1"]}',
    },
  },
  {
    scope: "public",
    stream: "usdbtc.kline-15m",
    fit: { numbers: CANDLE, texts: [1537370580, "0.1", "0.2", "0.05", "0.15", "12.5"] },
    unfit: {
      "no volume": CANDLE.slice(0, 5),
      "more than a candle": [...CANDLE, 1],
      "a time that is no number": ["2018-09-19", ...CANDLE.slice(1)],
      "an object": { time: 1537370580 },
    },
  },
  {
    scope: "public",
    stream: "global.tickers",
    fit: {
      "all fields": { eurusd: TICKER },
      "few fields": { eurusd: { last: "1000.0" }, usdbtc: {} },
      "no market": {},
    },
    unfit: {
      "a list": [TICKER],
      "a ticker that is no object": { eurusd: "1000.0" },
      "a price that is no number": { eurusd: { ...TICKER, last: "+0.00%" } },
    },
  },
  {
    scope: "private",
    stream: "order",
    fit: {
      "of 2018": ORDER_2018,
      "the later one": ORDER_LATER,
      "as first documented": ORDER_DOCUMENTED,
      "at the market's price": { ...ORDER_LATER, ord_type: "market", price: null },
      "at the market's price, 2018": { ...ORDER_2018, price: null },
      ...Object.fromEntries(
        ["pending", "wait", "done", "cancel", "reject"].flatMap((state) => [
          [`${state}, 2018`, { ...ORDER_2018, state }],
          [state, { ...ORDER_LATER, state }],
        ]),
      ),
      "fields unknown yet": { ...ORDER_LATER, uuid: "f1" },
    },
    unfit: {
      "another state": { ...ORDER_LATER, state: "lost" },
      "another state, 2018": { ...ORDER_2018, state: "lost" },
      "another side": { ...ORDER_DOCUMENTED, side: "hold" },
      "no id": { ...ORDER_LATER, id: undefined },
      "no market": { ...ORDER_2018, market: undefined },
      "a volume that is no number": { ...ORDER_2018, volume: "many" },
      "a list": [ORDER_LATER],
    },
  },
  {
    scope: "private",
    stream: "trade",
    fit: {
      "of 2018": TRADE_2018,
      "of 2018, one's own side only": { ...TRADE_2018, ask_id: undefined },
      "the later one": TRADE_LATER,
      "as first documented": TRADE_DOCUMENTED,
      "as first documented, both orders": { ...TRADE_DOCUMENTED, ask: ORDER_DOCUMENTED },
    },
    unfit: {
      "no price": { ...TRADE_LATER, price: undefined },
      "no price, 2018": { ...TRADE_2018, price: undefined },
      "another kind": { ...TRADE_2018, kind: "buy" },
      "another side": { ...TRADE_LATER, side: "bid" },
      "an order that is none": { ...TRADE_DOCUMENTED, bid: "22" },
      "nothing at all": {},
    },
  },
  {
    scope: "private",
    stream: "deposit_address",
    fit: {
      "the later one": {
        type: "create",
        currencies: ["btc", "eth"],
        blockchain_key: "mainnet",
        address: "2N4qYjye5yENLEkz4UkLFxzPaxJatF3kRwf",
      },
      "the older one": { currency: "btc", address: "2N4qYjye5yENLEkz4UkLFxzPaxJatF3kRwf" },
    },
    unfit: {
      "no address": { currency: "btc" },
      "no currency": { type: "create", address: "2N4q" },
      "an address that is no text": { currency: "btc", address: 5 },
    },
  },
  {
    scope: "private",
    stream: "balances",
    fit: {
      "some currencies": { btc: ["0.5", "0.1"], usd: ["1000.0", "0.0"] },
      "no currency": {},
    },
    unfit: {
      "one amount": { btc: ["0.5"] },
      "amounts by name": { btc: { available: "0.5", locked: "0.1" } },
      "an amount that is no number": { btc: ["0.5", "none"] },
    },
  },
];

for (const { scope, stream, fit, unfit } of STREAMS) {
  const kind = peatioRegistry.find(scope, stream)!;
  const fits = (payload: unknown) =>
    kind.payload.safeParse(JSON.parse(JSON.stringify(payload))).success;

  Deno.test(`what exchanges publish as ${stream} fits its type, and wrong payloads do not`, () => {
    for (const [what, payload] of Object.entries(fit)) assert.ok(fits(payload), what);
    for (const [what, payload] of Object.entries(unfit)) assert.ok(!fits(payload), what);
  });
}

Deno.test("every registered kind of stream is among these", () => {
  const covered = STREAMS.map(({ scope, stream }) => peatioRegistry.find(scope, stream));
  assert.deepEqual(
    peatioRegistry.kinds.filter((kind) => !covered.includes(kind)).map(({ label }) => label),
    [],
  );
});
