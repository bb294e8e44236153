import type { BookSide, Side } from "./book_side.ts";
import type { Publish } from "./book_publisher.ts";
import { Candles } from "./candles.ts";
import { PeatioEngine } from "./engine.ts";
import type { MarketDefinition } from "./markets.ts";
import { orderPayload, privateTradePayload, publicTradesPayload } from "./orders.ts";
import type { Order, Trade } from "./orders.ts";
import { Ticker } from "./tickers.ts";

export type { Publish } from "./book_publisher.ts";

/** The last ids of orders and trades, shared by all markets. */
export interface Ids {
  order: number;
  trade: number;
}

/** An order as its owner places it. */
export interface Ticket {
  readonly uid: string;
  readonly side: Side;
  readonly type: "limit" | "market";
  /** Ticks: the limit; for a market order to buy, the maximum average price of a lot. */
  readonly price: number;
  /** Lots, at least 1. */
  readonly amount: number;
}

/** What a market needs besides its definition. */
export interface MarketOptions {
  readonly ids: Ids;
  readonly publish: Publish;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * One market of the simulated exchange. It matches orders, and publishes the results as Peatio does:
 * first the order book's events of {@linkcode PeatioEngine}, then the trades and the private events of
 * both owners.
 */
export class Market {
  readonly definition: MarketDefinition;
  readonly ticker: Ticker;
  readonly candles: Candles;
  readonly #engine: PeatioEngine<Order>;
  readonly #publish: Publish;
  readonly #ids: Ids;

  /** The order book is not published until `start`. */
  constructor(definition: MarketDefinition, { ids, publish, now }: MarketOptions) {
    this.definition = definition;
    this.#ids = ids;
    this.#publish = publish;
    this.#engine = new PeatioEngine({ market: definition, publish, now });
    this.ticker = new Ticker(definition);
    this.candles = new Candles(
      definition,
      (period, candle) => this.#public(`kline-${period}`, candle),
    );
  }

  /** The levels of a side of the order book, best first. */
  levels(side: Side): BookSide<Order>["levels"] {
    return this.#engine.levels(side);
  }

  /** Starts the engine: publishes a snapshot with sequence 1, and increments from then on. */
  start(): void {
    this.#engine.start();
  }

  /**
   * Places an order; `at` is in seconds since the epoch.
   *
   * @returns the order as it is after matching
   */
  place(ticket: Ticket, at: number): Order {
    const { amount, ...rest } = ticket;
    const order: Order = {
      id: ++this.#ids.order,
      ...rest,
      origin: amount,
      remaining: amount,
      funds: 0n,
      trades: 0,
      state: "wait",
      createdAt: at,
      updatedAt: at,
    };
    if (order.type === "market" && order.side === "buy") {
      order.locked = BigInt(order.price) * BigInt(amount);
    }
    this.#orderEvent(order);
    const trades: Trade[] = this.#engine.submit(order).map((fill) => ({
      ...fill,
      id: ++this.#ids.trade,
      taker: order,
      at,
    }));
    for (const trade of trades) {
      count(trade, trade.maker);
      count(trade, order);
      this.ticker.add(trade);
      this.candles.add(trade);
    }
    if (order.type === "market" && order.remaining > 0) order.state = "cancel";
    if (trades.length > 0) this.#public("trades", publicTradesPayload(trades, this.definition));
    for (const trade of trades) {
      this.#tradeEvent(trade, trade.maker);
      this.#orderEvent(trade.maker);
      this.#tradeEvent(trade, order);
    }
    if (trades.length > 0 || order.state === "cancel") this.#orderEvent(order);
    return order;
  }

  /** Cancels an open order; `at` is in seconds since the epoch. */
  cancel(order: Order, at: number): void {
    if (order.state !== "wait") return;
    this.#engine.cancel(order);
    order.state = "cancel";
    order.updatedAt = at;
    this.#orderEvent(order);
  }

  /** Publishes the whole book in the older form, without a sequence. */
  update(): void {
    const { asks, bids } = this.#engine.book;
    this.#public("update", { asks, bids });
  }

  #public(event: string, payload: unknown): void {
    this.#publish(`public.${this.definition.id}.${event}`, payload);
  }

  #orderEvent(order: Order): void {
    this.#publish(`private.${order.uid}.order`, orderPayload(order, this.definition));
  }

  #tradeEvent(trade: Trade, order: Order): void {
    this.#publish(
      `private.${order.uid}.trade`,
      privateTradePayload(trade, order, this.definition),
    );
  }
}

/** Adds a trade to one of its orders. */
function count({ price, amount, at }: Trade, order: Order): void {
  order.funds += BigInt(price) * BigInt(amount);
  order.trades += 1;
  order.updatedAt = at;
  if (order.remaining === 0) order.state = "done";
}
