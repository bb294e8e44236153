/**
 * The streams that exchanges of the Peatio family publish, both generations of each. To add a
 * kind: one more `defineStream` here, and its name in `PEATIO_STREAMS`.
 */
import * as z from "zod";
import { defineStream, type PayloadOf, RARE } from "./define_stream.ts";
import { Registry } from "./registry.ts";

/** A decimal number as text, digits kept: `"0.00000001"`, `"-3"`, `"1.2e-07"`; not `"+0.00%"`. */
const decimal = z.string().regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/, "not a decimal number");
/** Some exchanges publish some of their numbers as JSON numbers. */
const number = z.union([decimal, z.number()]);
const identifier = z.union([z.string(), z.number()]);
/** Seconds since the epoch, or ISO 8601. */
const time = z.union([z.number(), z.string()]);

/**
 * One of these words, or a word that an exchange or a later version has added: any text passes,
 * editors complete the known ones, and documents show them.
 */
function knownOr<const Words extends readonly string[]>(
  ...words: Words
): z.ZodType<Words[number] | AnyOther> {
  return z.string().meta({ examples: [...words] }) as unknown as z.ZodType<
    Words[number] | AnyOther
  >;
}

/** Any text, in a union that keeps its known words. */
type AnyOther = string & Record<never, never>;

/**
 * A form that only forks or very old versions publish: strict mode passes it, but types leave it
 * out, so that every app need not tell it apart from the usual ones.
 */
function rare(schema: z.ZodType): z.ZodType<never> {
  return schema.meta({ [RARE]: true }) as unknown as z.ZodType<never>;
}

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

const buyOrSell = z.enum(["buy", "sell"]);
/** What Peatio before 2.3.8 calls buying and selling. */
const bidOrAsk = z.enum(["bid", "ask"]);
/** Upstream proxies pass on what another exchange says, which may be `""`. */
const takerType = knownOr("buy", "sell");
const executed = { price: number, amount: number };

/** What was traded just now. */
export const trades = defineStream({
  name: "<id>.trades",
  summary: "Trades of a market as they happen",
  scope: "public",
  delivery: "plain",
  payload: z.looseObject({
    trades: z.array(z.union([
      z.looseObject({ tid: identifier, date: time, ...executed, taker_type: takerType }),
      // Peatio before 2.1.7.
      z.looseObject({ tid: identifier, date: time, ...executed, type: takerType }),
      // As Peatio's documents have it.
      rare(z.looseObject({
        tid: identifier,
        created_at: time,
        ...executed,
        taker_type: takerType,
      })),
      // Forks in Go.
      rare(z.looseObject({
        id: identifier,
        created_at: time,
        ...executed,
        taker_type: takerType,
      })),
      rare(z.looseObject({ id: identifier, date: time, ...executed, taker_type: takerType })),
    ])),
  }),
});

/** What there is at a price. */
const amount = z.union([
  z.string().regex(
    /^(?:[+-]?\d+(\.\d+)?([eE][+-]?\d+)?)?$/,
    "not a decimal number and not empty",
  ),
  z.number(),
]).nullable();
/**
 * `[price, amount]`, or `[price, amount, count]`: such a book is not read but replayed
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
/** One level or a list of them; Peatio's upstream proxies publish null for a side without changes. */
const changes = z.union([bookLevel, bookLevels]).nullish();

/** The order book: a snapshot, and what changed since. */
export const orderBook = defineStream({
  name: "<id>.ob",
  summary: "The order book of a market",
  scope: "public",
  delivery: "snapshot with increments",
  state: "order-book",
  snapshot: z.looseObject({ asks: bookLevels, bids: bookLevels, sequence }),
  increment: z.looseObject({ asks: changes, bids: changes, sequence })
    .describe('An amount of "" removes the level at that price, and so do null and zero'),
});

/** Of a period without trades there is no price. */
const candlePrice = number.nullable();

/** Candles: time (seconds since the epoch), open, high, low, close, volume. */
export const kline = defineStream({
  name: "<id>.kline-<period>",
  summary: "Candles: time, open, high, low, close, volume",
  words: {
    period: ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "3d", "1w"],
  },
  scope: "public",
  delivery: "plain",
  payload: z.union([
    z.tuple([
      z.union([
        z.number(),
        z.string().regex(/^(\d+(\.\d+)?|\d{4}-\d\d-\d\d[T ]\d\d:.+)$/, "not a time"),
      ]),
      candlePrice,
      candlePrice,
      candlePrice,
      candlePrice,
      candlePrice,
    ]),
    // Peatio 1.9.17 to 2.0.23 writes the candle as JSON twice.
    rare(z.string().regex(/^\[\d+(, ?([\d.eE+-]+|null)){5}\]$/, "not the JSON of a candle")),
  ]),
});

/** A number of a ticker: averages of a market without trades are `"NaN"`, others null. */
const figure = z.union([
  z.string().regex(/^(?:[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|NaN)$/, "not a decimal number"),
  z.number(),
]).nullish();

/** All markets at a glance. */
export const tickers = defineStream({
  name: "global.tickers",
  summary: "All markets at a glance",
  scope: "public",
  delivery: "plain",
  payload: z.record(
    z.string(),
    z.looseObject({
      name: z.string().nullish(),
      base_unit: z.string().nullish(),
      quote_unit: z.string().nullish(),
      low: figure,
      high: figure,
      last: figure,
      open: figure,
      volume: figure,
      amount: figure,
      avg_price: figure,
      price_change_percent: z.string().nullish(),
      sell: figure,
      buy: figure,
      at: time.nullish(),
    }),
  ),
});

const orderState = knownOr(
  "pending",
  "wait",
  "done",
  "cancel",
  "reject",
  // Finex has more.
  "execution_reject",
  "trigger_wait",
  "trigger_cancel",
  "trigger_reject",
);
const orderType = knownOr("limit", "market");

/** As the first documents have it. */
const documentedOrder = z.looseObject({
  id: identifier,
  side: buyOrSell,
  ord_type: orderType,
  price: number.nullable(),
  avg_price: number.nullish(),
  state: orderState,
  market_id: z.string(),
  created_at: time,
  origin_volume: number,
  trades_count: z.int().nullish(),
  trades: z.array(z.looseObject({})).nullish(),
});

/** Since Peatio 2.2.12; `id` apart. */
const laterOrder = {
  market: z.string(),
  side: buyOrSell,
  ord_type: orderType,
  price: number.nullable(),
  avg_price: number.nullish(),
  state: orderState,
  origin_volume: number,
  remaining_volume: number,
  executed_volume: number,
  at: time.nullish(),
  created_at: time.nullish(),
  updated_at: time.nullish(),
  trades_count: z.int().nullish(),
};

/** Before Peatio 2.2.12; what remains apart. */
const earlierOrder = {
  id: identifier,
  at: time,
  market: z.string(),
  kind: bidOrAsk,
  price: number.nullable(),
  state: orderState,
  origin_volume: number,
};

/** The user's own orders, at each change. */
export const order = defineStream({
  name: "order",
  summary: "Your own orders, at each change",
  scope: "private",
  delivery: "plain",
  payload: z.union([
    z.looseObject({ id: identifier, kind: knownOr("bid", "ask").nullish(), ...laterOrder }),
    // 2018, to Peatio 2.0.25.
    z.looseObject({ ...earlierOrder, volume: number }),
    // Peatio 2.0.26 to 2.2.11. With a side, it would be a later one that has something wrong.
    z.looseObject({ ...earlierOrder, remaining_volume: number, side: z.never().optional() }),
    documentedOrder,
    // Forks that give orders a uuid and no number.
    rare(z.looseObject({ uuid: z.string(), ...laterOrder })),
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
      taker_type: takerType,
      created_at: time,
      order_id: identifier,
    }),
    // Peatio before 2.3.8; from 2.2.12 on with side and created_at as well.
    z.looseObject({
      id: identifier,
      kind: bidOrAsk,
      at: time,
      price: number,
      volume: number,
      ask_id: identifier.nullish(),
      bid_id: identifier.nullish(),
      market: z.string(),
      side: knownOr("bid", "ask").nullish(),
      created_at: time.nullish(),
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

const address = z.string().nullable();

/** A deposit address was made for the user. */
export const depositAddress = defineStream({
  name: "deposit_address",
  summary: "A deposit address was made for you",
  scope: "private",
  delivery: "plain",
  payload: z.union([
    // Since Peatio 2.6.
    z.looseObject({
      type: z.string(),
      currencies: z.array(z.string()),
      blockchain_key: z.string().nullish(),
      address,
    }),
    z.looseObject({ currency: z.string(), address }),
    // Peatio 1.9 to 2.3.
    z.looseObject({
      type: z.string(),
      attributes: z.looseObject({ currency: z.string(), address }),
    }),
  ]),
});

/** Of these every exchange has its own form. */
const anyObject = z.looseObject({});

/** The user's balances: currency to `[available, locked]`. */
export const balances = defineStream({
  name: "balances",
  summary: "Your balances: currency to available and locked",
  scope: "private",
  delivery: "plain",
  payload: z.union([z.record(z.string(), z.tuple([number, number])), rare(anyObject)]),
});

/** One balance of the user, at each change. */
export const balance = defineStream({
  name: "balance",
  summary: "One of your balances, at each change",
  scope: "private",
  delivery: "plain",
  payload: anyObject,
  example: { currency: "btc", balance: "0.25", locked: "0.001", available: "0.249" },
});

/** The user's withdrawals, at each change. */
export const withdraw = defineStream({
  name: "withdraw",
  summary: "Your withdrawals, at each change",
  scope: "private",
  delivery: "plain",
  payload: anyObject,
  example: { id: 5, currency: "btc", amount: "0.1", fee: "0.0005", state: "processing" },
});

/** The user's deposits, at each change. */
export const deposit = defineStream({
  name: "deposit",
  summary: "Your deposits, at each change",
  scope: "private",
  delivery: "plain",
  payload: anyObject,
  example: { id: 9, currency: "btc", amount: "0.1", state: "accepted", txid: "c37ae1677c4c" },
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
  balance,
  withdraw,
  deposit,
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
