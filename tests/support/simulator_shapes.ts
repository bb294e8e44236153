import * as z from "zod";
import { UID } from "./simulator.ts";

/** As Ruby's BigDecimal writes it: no zeros at the end, but one digit after the point. */
const decimal = z.string().regex(/^(0|[1-9]\d*)\.(0|\d*[1-9])$/);
const positive = decimal.refine((text) => Number(text) > 0);
const pair = z.tuple([positive, positive]);
/** A level that goes has an empty amount. */
const change = z.tuple([positive, z.union([positive, z.literal("")])]);
const time = z.int().min(1_500_000_000).max(3_000_000_000);
const side = z.enum(["buy", "sell"]);
const market = z.enum(["btcusd", "ethusd", "ethbtc", "ltcusd", "xrpusd"]);
/** What routing keys there are, and what goes with each. */
export const SHAPES: readonly (readonly [RegExp, z.ZodType])[] = [
  [
    /^public\.[a-z]+\.ob-snap$/,
    z.strictObject({ asks: z.array(pair), bids: z.array(pair), sequence: z.int().positive() }),
  ],
  [
    /^public\.[a-z]+\.ob-inc$/,
    z.union([
      z.strictObject({ asks: change, sequence: z.int().positive() }),
      z.strictObject({ bids: change, sequence: z.int().positive() }),
    ]),
  ],
  [
    /^public\.[a-z]+\.update$/,
    z.strictObject({ asks: z.array(pair), bids: z.array(pair) }),
  ],
  [
    /^public\.[a-z]+\.trades$/,
    z.strictObject({
      trades: z.array(z.strictObject({
        tid: z.int().positive(),
        taker_type: side,
        date: time,
        price: decimal,
        amount: decimal,
      })).min(1),
    }),
  ],
  [
    /^public\.[a-z]+\.kline-(1m|5m|15m|30m|1h|2h|4h|6h|12h|1d|3d|1w)$/,
    z.tuple([time, z.number(), z.number(), z.number(), z.number(), z.number()]),
  ],
  [
    /^public\.global\.tickers$/,
    z.record(
      market,
      z.strictObject({
        name: z.string(),
        base_unit: z.string(),
        quote_unit: z.string(),
        low: decimal,
        high: decimal,
        last: decimal,
        open: z.number(),
        volume: decimal,
        amount: decimal,
        avg_price: decimal,
        price_change_percent: z.string().regex(/^[+-]\d+\.\d\d%$/),
        sell: decimal,
        buy: decimal,
        at: time,
      }),
    ),
  ],
  [
    /^private\.ID[A-Z0-9]{10}\.order$/,
    z.strictObject({
      id: z.int().positive(),
      market,
      kind: z.enum(["bid", "ask"]),
      side,
      ord_type: z.enum(["limit", "market"]),
      price: decimal.nullable(),
      avg_price: decimal,
      state: z.enum(["wait", "done", "cancel"]),
      origin_volume: decimal,
      remaining_volume: decimal,
      executed_volume: decimal,
      at: time,
      created_at: time,
      updated_at: time,
      trades_count: z.int().min(0),
    }),
  ],
  [
    /^private\.ID[A-Z0-9]{10}\.trade$/,
    z.strictObject({
      id: z.int().positive(),
      price: decimal,
      amount: decimal,
      total: decimal,
      market,
      side,
      taker_type: side,
      created_at: time,
      order_id: z.int().positive(),
    }),
  ],
  [
    new RegExp(`^private\\.${UID}\\.balances$`),
    z.record(z.string(), z.tuple([decimal, decimal])),
  ],
  [
    new RegExp(`^private\\.${UID}\\.deposit_address$`),
    z.strictObject({
      type: z.literal("create"),
      currencies: z.array(z.string()).length(1),
      blockchain_key: z.string(),
      address: z.string(),
    }),
  ],
];
