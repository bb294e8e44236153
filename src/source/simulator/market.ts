import { OrderBook } from "./book.ts";
import type { Level, LevelChange } from "./book.ts";
import { Candles } from "./candles.ts";
import { decimal } from "./decimal.ts";
import type { MarketDefinition } from "./markets.ts";
import { orderPayload, privateTradePayload, publicTradesPayload } from "./orders.ts";
import type { Order, Side, Trade } from "./orders.ts";
import { Ticker } from "./tickers.ts";

/** Publishes one event; the payload is what JSON.stringify takes. */
export type Publish = (routingKey: string, payload: unknown) => void;

/** Numbers for orders and trades, rising over all markets. */
export interface Ids {
  order: number;
  trade: number;
}

/** What somebody orders. */
export interface Ticket {
  readonly uid: string;
  readonly side: Side;
  readonly type: "limit" | "market";
  /** Ticks; for a market order the worst price to take. */
  readonly price: number;
  /** Lots, at least 1. */
  readonly amount: number;
}

/**
 * One market of the simulated exchange: takes orders, and publishes what comes of them as
 * Peatio does: a sequenced increment for each level that changed, the trades, and the private
 * events of both owners.
 */
export class Market {
  readonly definition: MarketDefinition;
  readonly book = new OrderBook();
  readonly ticker: Ticker;
  readonly candles: Candles;
  readonly #publish: Publish;
  readonly #ids: Ids;
  /** Of the last increment. */
  #sequence = 1;

  constructor(definition: MarketDefinition, ids: Ids, publish: Publish) {
    this.definition = definition;
    this.#ids = ids;
    this.#publish = publish;
    this.ticker = new Ticker(definition);
    this.candles = new Candles(
      definition,
      (period, candle) => this.#public(`kline-${period}`, candle),
    );
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
    this.#orderEvent(order);
    const { fills, changes } = this.book.place(order);
    for (const change of changes) this.#increment(change);
    if (fills.length === 0) {
      if (order.state === "cancel") this.#orderEvent(order);
      return order;
    }
    const trades: Trade[] = fills.map((fill) => ({
      ...fill,
      id: ++this.#ids.trade,
      taker: order,
      at,
    }));
    for (const trade of trades) {
      this.ticker.add(trade);
      this.candles.add(trade);
    }
    this.#public("trades", publicTradesPayload(trades, this.definition));
    for (const trade of trades) {
      trade.maker.updatedAt = at;
      this.#tradeEvent(trade, trade.maker);
      this.#orderEvent(trade.maker);
      this.#tradeEvent(trade, order);
    }
    this.#orderEvent(order);
    return order;
  }

  /** Cancels an order that waits; `at` is in seconds since the epoch. */
  cancel(order: Order, at: number): void {
    const change = this.book.cancel(order);
    if (change === undefined) return;
    order.updatedAt = at;
    this.#increment(change);
    this.#orderEvent(order);
  }

  /** Publishes the whole book with the sequence of the last increment. */
  snapshot(): void {
    this.#public("ob-snap", { ...this.#levels(), sequence: this.#sequence });
  }

  /** Publishes the whole book the older way, without a sequence. */
  update(): void {
    this.#public("update", this.#levels());
  }

  #levels(): { asks: string[][]; bids: string[][] } {
    const pair = (level: Level) => this.#pair(level.price, level.amount);
    return { asks: this.book.asks.map(pair), bids: this.book.bids.map(pair) };
  }

  #increment(change: LevelChange): void {
    this.#sequence += 1;
    const pair = this.#pair(change.price, change.amount);
    this.#public("ob-inc", {
      [change.side === "buy" ? "bids" : "asks"]: pair,
      sequence: this.#sequence,
    });
  }

  #pair(price: number, amount: number): [string, string] {
    const { pricePrecision, amountPrecision } = this.definition;
    return [
      decimal(price, pricePrecision),
      amount === 0 ? "0.0" : decimal(amount, amountPrecision),
    ];
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
