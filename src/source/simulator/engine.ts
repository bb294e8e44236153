/**
 * A model of the matching engine of Peatio (github.com/openware/peatio,
 * app/trading/matching/engine.rb and order_book.rb) for one market, with the same events in the same
 * order. All simulated exchanges of this project use it for their order book events.
 */

import { BookSide, type EngineOrder, type Side } from "./book_side.ts";
import { BookPublisher, type BookPublisherOptions, type PublishedBook } from "./book_publisher.ts";

/** A trade of a taker's order with a maker's order, at the maker's price. */
export interface Fill<Order> {
  readonly maker: Order;
  /** Ticks. */
  readonly price: number;
  /** Lots. */
  readonly amount: number;
}

/**
 * Matches the orders of one market by price and then by age, and publishes each level that changes:
 * once for each fill, once for the rest of a limit order, once for a cancelled order. A removed level
 * has the amount `""`. A snapshot is published at the start, with sequence 1, and along with increments
 * when one is due; see {@linkcode BookPublisher}.
 *
 * @example
 * ```ts
 * const market = { id: "btcusd", pricePrecision: 2, amountPrecision: 4 };
 * const engine = new PeatioEngine({ market, publish: console.log, now: Date.now });
 * engine.submit({ id: 1, side: "sell", type: "limit", price: 100190, remaining: 25000 });
 * engine.start();
 * // public.btcusd.ob-snap {"asks":[["1001.9","2.5"]],"bids":[],"sequence":1}
 * engine.submit({ id: 2, side: "buy", type: "limit", price: 100190, remaining: 25000 });
 * // public.btcusd.ob-inc {"asks":["1001.9",""],"sequence":2}
 * ```
 */
export class PeatioEngine<Order extends EngineOrder = EngineOrder> {
  readonly #asks: BookSide<Order>;
  readonly #bids: BookSide<Order>;
  readonly #publisher: BookPublisher;

  /** Publishes nothing until `start`. */
  constructor(options: BookPublisherOptions) {
    this.#asks = new BookSide("sell", (change) => this.#publisher.change(change));
    this.#bids = new BookSide("buy", (change) => this.#publisher.change(change));
    const sides = { asks: this.#asks.levels, bids: this.#bids.levels };
    this.#publisher = new BookPublisher(sides, options);
  }

  /** The sequence of the last increment; 1 before the first since `start`. */
  get sequence(): number {
    return this.#publisher.sequence;
  }

  /** The whole book as published, with the sequence of the last increment. */
  get book(): PublishedBook {
    return this.#publisher.book();
  }

  /** The levels of a side, best first. Only orders may change them. */
  levels(side: Side): BookSide<Order>["levels"] {
    return this.#side(side).levels;
  }

  /** Publishes the book with sequence 1, and its changes from then on; throws what `publish` throws. */
  start(): void {
    this.#publisher.start();
  }

  /** Stops publishing. Orders still change the book, like those that Peatio loads at its start. */
  stop(): void {
    this.#publisher.stop();
  }

  /** Restarts with the open orders, like a process: publishes `ob-snap` with sequence 1. */
  restart(): void {
    this.stop();
    this.start();
  }

  /**
   * Matches an order with the open ones. The rest of a limit order stays open; the rest of a market
   * order is cancelled, and stays in its `remaining`.
   *
   * @returns the fills, in order; `remaining` of both orders has fallen by each
   */
  submit(order: Order): Fill<Order>[] {
    const fills: Fill<Order>[] = [];
    const opposite = this.#side(order.side === "buy" ? "sell" : "buy");
    while (!isFilled(order)) {
      const maker = opposite.top;
      const amount = maker === undefined ? 0 : tradable(order, maker);
      if (maker === undefined || amount === 0) {
        if (order.type === "limit") this.#side(order.side).add(order);
        break;
      }
      const { price } = maker;
      order.remaining -= amount;
      if (order.locked !== undefined) order.locked -= BigInt(price) * BigInt(amount);
      fills.push({ maker, price, amount });
      opposite.fillTop(amount);
    }
    return fills;
  }

  /**
   * Cancels an open limit order. Its level is published even if the order is not open any more.
   *
   * @returns whether the order was open
   */
  cancel(order: EngineOrder): boolean {
    return this.#side(order.side).remove(order);
  }

  #side(side: Side): BookSide<Order> {
    return side === "buy" ? this.#bids : this.#asks;
  }
}

function isFilled({ type, side, remaining, locked }: EngineOrder): boolean {
  if (remaining <= 0) return true;
  return type === "market" && side === "buy" && (locked ?? 0n) <= 0n;
}

/** Lots that the taker trades with the maker: 0 if the prices do not cross. */
function tradable(taker: EngineOrder, maker: EngineOrder): number {
  const amount = Math.min(taker.remaining, maker.remaining);
  if (taker.type === "limit") {
    const crosses = taker.side === "buy" ? maker.price <= taker.price : maker.price >= taker.price;
    return crosses ? amount : 0;
  }
  // A market order to buy stops when its money does not pay for the whole next trade.
  if (taker.side === "sell") return amount;
  return BigInt(maker.price) * BigInt(amount) > (taker.locked ?? 0n) ? 0 : amount;
}
