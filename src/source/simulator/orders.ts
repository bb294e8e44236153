import type { EngineOrder } from "./book_side.ts";
import { bigDecimal } from "./decimal.ts";
import type { MarketDefinition } from "./markets.ts";

/** An order of a simulated exchange, updated as it trades. */
export interface Order extends EngineOrder {
  readonly uid: string;
  /** Lots ordered. */
  readonly origin: number;
  /** Ticks times lots traded so far; a bigint because such sums exceed 2^53. */
  funds: bigint;
  trades: number;
  state: "wait" | "done" | "cancel";
  /** Seconds since the epoch. */
  readonly createdAt: number;
  updatedAt: number;
}

/** A trade between two orders. */
export interface Trade {
  readonly id: number;
  readonly maker: Order;
  readonly taker: Order;
  /** Ticks: the maker's price. */
  readonly price: number;
  /** Lots. */
  readonly amount: number;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** The `order` payload of the later generation. */
export function orderPayload(order: Order, market: MarketDefinition): Record<string, unknown> {
  const executed = order.origin - order.remaining;
  const average = executed === 0 ? 0n : order.funds / BigInt(executed);
  return {
    id: order.id,
    market: market.id,
    kind: order.side === "buy" ? "bid" : "ask",
    side: order.side,
    ord_type: order.type,
    price: order.type === "market" ? null : bigDecimal(order.price, market.pricePrecision),
    avg_price: bigDecimal(average, market.pricePrecision),
    state: order.state,
    origin_volume: bigDecimal(order.origin, market.amountPrecision),
    remaining_volume: bigDecimal(order.remaining, market.amountPrecision),
    executed_volume: bigDecimal(executed, market.amountPrecision),
    at: order.createdAt,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    trades_count: order.trades,
  };
}

/** The private `trade` payload of the later generation, for the owner of `order`. */
export function privateTradePayload(
  trade: Trade,
  order: Order,
  market: MarketDefinition,
): Record<string, unknown> {
  const total = BigInt(trade.price) * BigInt(trade.amount);
  return {
    id: trade.id,
    price: bigDecimal(trade.price, market.pricePrecision),
    amount: bigDecimal(trade.amount, market.amountPrecision),
    total: bigDecimal(total, market.pricePrecision + market.amountPrecision),
    market: market.id,
    side: order.side,
    taker_type: trade.taker.side,
    created_at: trade.at,
    order_id: order.id,
  };
}

/** The public `<id>.trades` payload. */
export function publicTradesPayload(
  trades: readonly Trade[],
  market: MarketDefinition,
): Record<string, unknown> {
  return {
    trades: trades.map((trade) => ({
      tid: trade.id,
      taker_type: trade.taker.side,
      date: trade.at,
      price: bigDecimal(trade.price, market.pricePrecision),
      amount: bigDecimal(trade.amount, market.amountPrecision),
    })),
  };
}
