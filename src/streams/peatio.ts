/**
 * The streams that exchanges of the Peatio family publish, both generations of each. To add a
 * kind: one more `defineStream` here, and its name in `PEATIO_STREAMS`.
 */
import * as z from "zod";
import { defineStream, type PayloadOf } from "./define_stream.ts";
import { Registry } from "./registry.ts";

/** A decimal number as text, digits kept: `"0.00000001"`, `"-3"`, `"+0.00%"` is none. */
const decimal = z.string().regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/, "not a decimal number");
/** Old publishers send some of their numbers as JSON numbers. */
const number = z.union([decimal, z.number()]);
const identifier = z.union([z.string(), z.number()]);
/** Seconds since the epoch, or ISO 8601. */
const time = z.union([z.number(), z.string()]);
/** `[price, amount]` */
const level = z.tuple([decimal, decimal]);
const levels = z.array(level);

/** The whole order book, again and again: what there was before snapshots and increments. */
export const update = defineStream({
  name: "<id>.update",
  summary: "The whole order book, again and again",
  scope: "public",
  delivery: "plain",
  payload: z.looseObject({ asks: levels, bids: levels }),
});

const executed = {
  tid: identifier,
  /** Seconds since the epoch. */
  date: time,
  price: number,
  amount: number,
};
/** In words of the later generation; the first one says bid and ask. */
const buyOrSell = z.enum(["buy", "sell"]);
const bidOrAsk = z.enum(["bid", "ask"]);

/** What was traded just now. */
export const trades = defineStream({
  name: "<id>.trades",
  summary: "Trades of a market as they happen",
  scope: "public",
  delivery: "plain",
  payload: z.looseObject({
    trades: z.array(z.union([
      z.looseObject({ ...executed, taker_type: buyOrSell }),
      z.looseObject({ ...executed, type: buyOrSell }),
    ])),
  }),
});

/** What there is at a price; Peatio's engine removes a level by an amount of `""`. */
const amount = z.union([
  z.string().regex(/^(?:[+-]?\d+(\.\d+)?([eE][+-]?\d+)?)?$/, "not a decimal number and not empty"),
  z.number(),
]).nullable();
/**
 * `[price, amount]`, or `[price, amount, count]`: a book of those is not read but replayed
 * (hub/feed.ts), so it is not withheld either.
 */
const bookLevel = z.tuple([
  number,
  amount,
  z.union([z.string().regex(/^\d+$/, "not a count"), z.int().nonnegative()]).optional(),
]);
const bookLevels = z.array(bookLevel);
const sequence = z.union([
  z.int().nonnegative(),
  z.string().regex(/^\d+$/, "not a whole number"),
  // Counted in nanoseconds, say: too large to be told apart, but no reason to withhold the book.
  z.number().gte(2 ** 53),
]).optional();

/** The order book: a snapshot, and what changed since. */
export const orderBook = defineStream({
  name: "<id>.ob",
  summary: "The order book of a market",
  scope: "public",
  delivery: "snapshot with increments",
  state: "order-book",
  snapshot: z.looseObject({ asks: bookLevels, bids: bookLevels, sequence }),
  increment: z.looseObject({
    asks: z.union([bookLevel, bookLevels]).nullish(),
    bids: z.union([bookLevel, bookLevels]).nullish(),
    sequence,
  }),
});

/** Candles: time (seconds since the epoch), open, high, low, close, volume. */
export const kline = defineStream({
  name: "<id>.kline-<period>",
  summary: "Candles: time, open, high, low, close, volume",
  words: {
    period: ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "3d", "1w"],
  },
  scope: "public",
  delivery: "plain",
  payload: z.tuple([z.number(), number, number, number, number, number]),
});

/** All markets at a glance. */
export const tickers = defineStream({
  name: "global.tickers",
  summary: "All markets at a glance",
  scope: "public",
  delivery: "plain",
  payload: z.record(
    z.string(),
    z.looseObject({
      name: z.string().optional(),
      base_unit: z.string().optional(),
      quote_unit: z.string().optional(),
      low: number.optional(),
      high: number.optional(),
      last: number.optional(),
      open: number.optional(),
      volume: number.optional(),
      amount: number.optional(),
      avg_price: number.optional(),
      price_change_percent: z.string().optional(),
      sell: number.optional(),
      buy: number.optional(),
      at: time.optional(),
    }),
  ),
});

const orderState = z.enum(["pending", "wait", "done", "cancel", "reject"]);

/** As the first documents have it. */
const documentedOrder = z.looseObject({
  id: identifier,
  side: buyOrSell,
  ord_type: z.string(),
  price: number.nullable(),
  avg_price: number.nullable().optional(),
  state: orderState,
  market_id: z.string(),
  created_at: time,
  origin_volume: number,
  trades_count: z.int().optional(),
  trades: z.array(z.looseObject({})).optional(),
});

/** The user's own orders, at each change. */
export const order = defineStream({
  name: "order",
  summary: "Your own orders, at each change",
  scope: "private",
  delivery: "plain",
  payload: z.union([
    z.looseObject({
      id: identifier,
      market: z.string(),
      side: buyOrSell,
      ord_type: z.string(),
      price: number.nullable(),
      avg_price: number.nullable().optional(),
      state: orderState,
      origin_volume: number,
      remaining_volume: number,
      executed_volume: number,
      at: time.optional(),
      created_at: time.optional(),
      updated_at: time.optional(),
      trades_count: z.int().optional(),
    }),
    z.looseObject({
      id: identifier,
      at: time,
      market: z.string(),
      kind: bidOrAsk,
      price: number.nullable(),
      state: orderState,
      volume: number,
      origin_volume: number,
    }),
    documentedOrder,
  ]),
});

/** The user's own trades. */
export const trade = defineStream({
  name: "trade",
  summary: "Your own trades",
  scope: "private",
  delivery: "plain",
  payload: z.union([
    z.looseObject({
      id: identifier,
      price: number,
      amount: number,
      total: number,
      market: z.string(),
      side: buyOrSell,
      taker_type: buyOrSell,
      created_at: time,
      order_id: identifier,
    }),
    z.looseObject({
      id: identifier,
      kind: bidOrAsk,
      at: time,
      price: number,
      volume: number,
      ask_id: identifier.nullish(),
      bid_id: identifier.nullish(),
      market: z.string(),
    }),
    // As the first documents have it; the orders are there as each party may see them.
    z.looseObject({
      id: identifier,
      price: number,
      volume: number,
      funds: number.nullish(),
      market_id: z.string(),
      created_at: time,
      side: bidOrAsk,
      order_id: identifier,
      bid: documentedOrder.partial().nullish(),
      ask: documentedOrder.partial().nullish(),
    }),
  ]),
});

/** A deposit address was made for the user. */
export const depositAddress = defineStream({
  name: "deposit_address",
  summary: "A deposit address was made for you",
  scope: "private",
  delivery: "plain",
  payload: z.union([
    z.looseObject({
      type: z.string(),
      currencies: z.array(z.string()),
      blockchain_key: z.string().optional(),
      address: z.string().nullable(),
    }),
    z.looseObject({ currency: z.string(), address: z.string().nullable() }),
  ]),
});

/** The user's balances: currency to `[available, locked]`. */
export const balances = defineStream({
  name: "balances",
  summary: "Your balances: currency to available and locked",
  scope: "private",
  delivery: "plain",
  payload: z.record(z.string(), z.tuple([number, number])),
});

/** Every kind, in the order that documents show them. */
export const PEATIO_STREAMS = [
  update,
  trades,
  orderBook,
  kline,
  tickers,
  order,
  trade,
  depositAddress,
  balances,
] as const;

/**
 * The payload's type of a stream by its name.
 *
 * @example
 * ```ts
 * const candle: PeatioPayload<"btcusd.kline-1m"> = [1537370580, 0.0839, 0.0921, 0.0781, 0.0845, 0.5895];
 * ```
 */
export type PeatioPayload<Name extends string> = PayloadOf<typeof PEATIO_STREAMS, Name>;

/** What the daemon runs with. */
export const peatioRegistry: Registry = new Registry(PEATIO_STREAMS);
