import type { Order, Side } from "./orders.ts";

/** All orders at one price, oldest first. */
export interface Level {
  /** Ticks. */
  readonly price: number;
  /** Lots: the sum of what remains of the orders. */
  amount: number;
  readonly orders: Order[];
}

/** What one level is after something happened to it; amount 0 when it is gone. */
export interface LevelChange {
  readonly side: Side;
  readonly price: number;
  readonly amount: number;
}

/** Part of a taker's order that met a maker's order, at the maker's price. */
export interface Fill {
  readonly maker: Order;
  readonly price: number;
  readonly amount: number;
}

/**
 * The orders of one market that wait, matched by price first and age second. The best bid is
 * always below the best ask, because whatever would cross trades first.
 *
 * @example
 * ```ts
 * const book = new OrderBook();
 * book.place(ask);
 * const { fills, changes } = book.place(bidAtTheSamePrice);
 * ```
 */
export class OrderBook {
  /** Sellers, price rising. */
  readonly asks: Level[] = [];
  /** Buyers, price falling. */
  readonly bids: Level[] = [];

  /** The side's levels, best first. */
  levels(side: Side): Level[] {
    return side === "buy" ? this.bids : this.asks;
  }

  /**
   * Matches the order with those that wait; what remains of a limit order waits too, what
   * remains of a market order is cancelled. Changes the orders that took part.
   *
   * @returns the fills in the order that they happened, and each level that changed, once
   */
  place(taker: Order): { fills: Fill[]; changes: LevelChange[] } {
    const fills: Fill[] = [];
    const changes: LevelChange[] = [];
    const makerSide = taker.side === "buy" ? "sell" : "buy";
    const opposite = this.levels(makerSide);
    for (let best = opposite[0]; best !== undefined; best = opposite[0]) {
      const crosses = taker.side === "buy" ? taker.price >= best.price : taker.price <= best.price;
      if (!crosses || taker.remaining === 0) break;
      for (let maker = best.orders[0]; maker !== undefined; maker = best.orders[0]) {
        if (taker.remaining === 0) break;
        const amount = Math.min(maker.remaining, taker.remaining);
        fills.push({ maker, price: best.price, amount });
        trade(maker, best.price, amount);
        trade(taker, best.price, amount);
        best.amount -= amount;
        if (maker.remaining === 0) best.orders.shift();
      }
      if (best.orders.length === 0) opposite.shift();
      changes.push({ side: makerSide, price: best.price, amount: best.amount });
    }
    if (taker.remaining > 0) {
      if (taker.type === "limit") changes.push(this.#rest(taker));
      else taker.state = "cancel";
    }
    return { fills, changes };
  }

  /** Takes a waiting order out; undefined when it does not wait here. */
  cancel(order: Order): LevelChange | undefined {
    const levels = this.levels(order.side);
    const at = position(levels, order.side, order.price);
    const level = levels[at];
    const index = level?.price === order.price ? level.orders.indexOf(order) : -1;
    if (level === undefined || index < 0) return undefined;
    level.orders.splice(index, 1);
    level.amount -= order.remaining;
    order.state = "cancel";
    if (level.orders.length === 0) levels.splice(at, 1);
    return { side: order.side, price: order.price, amount: level.amount };
  }

  #rest(order: Order): LevelChange {
    const levels = this.levels(order.side);
    const at = position(levels, order.side, order.price);
    let level = levels[at];
    if (level?.price !== order.price) {
      level = { price: order.price, amount: 0, orders: [] };
      levels.splice(at, 0, level);
    }
    level.orders.push(order);
    level.amount += order.remaining;
    return { side: order.side, price: order.price, amount: level.amount };
  }
}

function trade(order: Order, price: number, amount: number): void {
  order.remaining -= amount;
  order.funds += BigInt(price) * BigInt(amount);
  order.trades += 1;
  if (order.remaining === 0) order.state = "done";
}

/** Where the price is, or would be, among levels that are sorted best first. */
function position(levels: readonly Level[], side: Side, price: number): number {
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = levels[middle]!.price;
    if (side === "buy" ? there > price : there < price) low = middle + 1;
    else high = middle;
  }
  return low;
}
