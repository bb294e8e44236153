/**
 * The streams that exchanges of the Peatio family publish, both generations of each. To add a
 * kind, add a `defineStream` to `PEATIO_STREAMS`; documents, types, samples and checks follow.
 */
import * as z from "zod";
import { defineStream, type PayloadOf, RARE, SIMULATED } from "./define_stream.ts";
import { Registry } from "./registry.ts";

/** A decimal number as text, digits kept: `"0.00000001"`, `"-3"`, `"1.2e-07"`; not `"+0.00%"`. */
const decimal = z.string().regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/, "not a decimal number");
/** Some exchanges publish some of their numbers as JSON numbers. */
const number = z.union([decimal, z.number()]);
const identifier = z.union([z.string(), z.number()]);
/** Seconds since the epoch, or ISO 8601. */
const time = z.union([z.number(), z.string()]);

/**
 * One of these words, or another text that an exchange or a later version uses: editors complete the
 * known words, and documents show them.
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
 * A form that only forks or very old versions publish. It is valid in strict mode, but not part of
 * the types, so that apps do not have to distinguish it.
 */
function rare(schema: z.ZodType): z.ZodType<never> {
  return schema.meta({ [RARE]: true }) as unknown as z.ZodType<never>;
}

const level = z.tuple([decimal, decimal]);
const levels = z.array(level);

const buyOrSell = z.enum(["buy", "sell"]);
/** Buying and selling in Peatio before 2.3.8. */
const bidOrAsk = z.enum(["bid", "ask"]);
/** Upstream proxies pass on the value of another exchange, which may be `""`. */
const takerType = knownOr("buy", "sell");
const executed = { price: number, amount: number };

/** The amount at a price. */
const amount = z.union([
  z.string().regex(
    /^(?:[+-]?\d+(\.\d+)?([eE][+-]?\d+)?)?$/,
    "not a decimal number and not empty",
  ),
  z.number(),
]).nullable();
/**
 * `[price, amount]`, or `[price, amount, count]`; a book with counts is not applied but replayed
 * (hub/stream_state.ts).
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
  // Nanoseconds, for example: too large to compare, but such a book is replayed.
  z.number().gte(2 ** 53),
]).optional();
/** One level or a list of levels; upstream proxies publish null for a side without changes. */
const changes = z.union([bookLevel, bookLevels]).nullish();

/** A period without trades has no price. */
const candlePrice = number.nullable();

/** A number of a ticker. In a market without trades, averages are `"NaN"` and others null. */
const figure = z.union([
  z.string().regex(/^(?:[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|NaN)$/, "not a decimal number"),
  z.number(),
]).nullish();

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

/** The form of Peatio's first documents. */
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

/** Since Peatio 2.2.12, without `id`. */
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

/** Before Peatio 2.2.12, without the remaining volume. */
const earlierOrder = {
  id: identifier,
  at: time,
  market: z.string(),
  kind: bidOrAsk,
  price: number.nullable(),
  state: orderState,
  origin_volume: number,
};

const address = z.string().nullable();

/** Every exchange has another form of these. */
const anyObject = z.looseObject({});

/** Numbers of levels per side that the best levels of an order book are derived for. */
export const DEPTHS = ["5", "10", "20", "50", "100"] as const;

/** Every kind, in the order that documents show them. */
export const PEATIO_STREAMS = [
  defineStream({
    name: "<id>.update",
    summary: "The whole order book, again and again",
    scope: "public",
    delivery: "plain",
    isWholeValue: true,
    payload: z.looseObject({ asks: levels, bids: levels }),
    example: SIMULATED,
  }),
  defineStream({
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
    example: SIMULATED,
  }),
  defineStream({
    name: "<id>.ob",
    summary: "The order book of a market",
    scope: "public",
    delivery: "snapshot with increments",
    state: "order-book",
    snapshot: z.looseObject({ asks: bookLevels, bids: bookLevels, sequence }),
    increment: z.looseObject({ asks: changes, bids: changes, sequence })
      .describe('An amount of "" removes the level at that price, and so do null and zero'),
    example: SIMULATED,
  }),
  defineStream({
    name: "<id>.depth-<levels>",
    summary: "The best levels of the order book, the whole value each time",
    words: { levels: DEPTHS },
    scope: "public",
    delivery: "plain",
    isWholeValue: true,
    isDerived: true,
    payload: z.looseObject({ asks: z.array(bookLevel), bids: z.array(bookLevel), sequence }),
    example: { asks: [["1001.9", "2.5"]], bids: [["1000.0", "0.25"]], sequence: 33 },
  }),
  defineStream({
    name: "<id>.bbo",
    summary: "The best ask and the best bid; null for an empty side",
    scope: "public",
    delivery: "plain",
    isWholeValue: true,
    isDerived: true,
    payload: z.looseObject({ ask: bookLevel.nullable(), bid: bookLevel.nullable(), sequence }),
    example: { ask: ["1001.9", "2.5"], bid: ["1000.0", "0.25"], sequence: 33 },
  }),
  defineStream({
    name: "<id>.kline-<period>",
    summary: "Candles: time, open, high, low, close, volume",
    words: {
      period: ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "3d", "1w"],
    },
    scope: "public",
    delivery: "plain",
    isWholeValue: true,
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
    example: SIMULATED,
  }),
  defineStream({
    name: "global.tickers",
    summary: "All markets at a glance",
    scope: "public",
    delivery: "plain",
    isWholeValue: true,
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
    example: SIMULATED,
  }),
  defineStream({
    name: "order",
    summary: "Your own orders, at each change",
    scope: "private",
    delivery: "plain",
    payload: z.union([
      z.looseObject({ id: identifier, kind: knownOr("bid", "ask").nullish(), ...laterOrder }),
      // 2018, to Peatio 2.0.25.
      z.looseObject({ ...earlierOrder, volume: number }),
      // Peatio 2.0.26 to 2.2.11. With a side, it is a later order that is not valid.
      z.looseObject({ ...earlierOrder, remaining_volume: number, side: z.never().optional() }),
      documentedOrder,
      // Forks that give orders a uuid and no number.
      rare(z.looseObject({ uuid: z.string(), ...laterOrder })),
    ]),
    example: SIMULATED,
  }),
  defineStream({
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
    example: SIMULATED,
  }),
  defineStream({
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
    example: SIMULATED,
  }),
  defineStream({
    name: "balances",
    summary: "Your balances: currency to available and locked",
    scope: "private",
    delivery: "plain",
    payload: z.union([z.record(z.string(), z.tuple([number, number])), rare(anyObject)]),
    example: SIMULATED,
  }),
  defineStream({
    name: "balance",
    summary: "One of your balances, at each change",
    scope: "private",
    delivery: "plain",
    payload: anyObject,
    example: { currency: "btc", balance: "0.25", locked: "0.001", available: "0.249" },
  }),
  defineStream({
    name: "withdraw",
    summary: "Your withdrawals, at each change",
    scope: "private",
    delivery: "plain",
    payload: anyObject,
    example: { id: 5, currency: "btc", amount: "0.1", fee: "0.0005", state: "processing" },
  }),
  defineStream({
    name: "deposit",
    summary: "Your deposits, at each change",
    scope: "private",
    delivery: "plain",
    payload: anyObject,
    example: { id: 9, currency: "btc", amount: "0.1", state: "accepted", txid: "c37ae1677c4c" },
  }),
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

/** The registry that the daemon uses. */
export const peatioRegistry: Registry = new Registry(PEATIO_STREAMS);
