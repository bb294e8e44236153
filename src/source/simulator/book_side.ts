/** The side of an order: buyers bid, sellers ask. */
export type Side = "buy" | "sell";

/** An order as the matching engine sees it; `remaining` falls as it trades. */
export interface EngineOrder {
  /** Increases with each order. */
  readonly id: number;
  readonly side: Side;
  readonly type: "limit" | "market";
  /** Ticks: the limit; ignored for a market order. */
  readonly price: number;
  /** Lots still to be traded. */
  remaining: number;
  /**
   * Ticks times lots that a market order to buy may still spend; it buys nothing if this is missing.
   * Other orders have no such limit.
   */
  locked?: bigint;
}

/** All orders at one price, oldest first. */
export interface Level<Order> {
  /** Ticks. */
  readonly price: number;
  /** Lots: the sum of `remaining` of the orders. */
  amount: number;
  readonly orders: Order[];
}

/** A level after a change. */
export interface LevelChange {
  readonly side: Side;
  /** Ticks. */
  readonly price: number;
  /** Lots; undefined if the level was removed. */
  readonly amount: number | undefined;
}

/**
 * The open limit orders of one side of a market, a port of Peatio's `Matching::OrderBook` and
 * `Matching::PriceLevel`: every operation reports its level, even if the level did not change.
 *
 * @example
 * ```ts
 * const asks = new BookSide("sell", (change) => console.log(change));
 * asks.add({ id: 1, side: "sell", type: "limit", price: 150, remaining: 20 }); // 150: 20
 * asks.fillTop(20); // 150: undefined
 * ```
 */
export class BookSide<Order extends EngineOrder> {
  /** Best first: asks rise, bids fall. */
  readonly levels: Level<Order>[] = [];
  readonly #side: Side;
  readonly #onChange: (change: LevelChange) => void;

  constructor(side: Side, onChange: (change: LevelChange) => void) {
    this.#side = side;
    this.#onChange = onChange;
  }

  /** The oldest order at the best price. */
  get top(): Order | undefined {
    return this.levels[0]?.orders[0];
  }

  /** Adds an order behind the others of its price. */
  add(order: Order): void {
    const at = this.#position(order.price);
    let level = this.levels[at];
    if (level?.price !== order.price) {
      level = { price: order.price, amount: 0, orders: [] };
      this.levels.splice(at, 0, level);
    }
    if (!level.orders.some(({ id }) => id === order.id)) {
      level.orders.push(order);
      level.amount += order.remaining;
    }
    this.#changed(order.price, level.amount);
  }

  /** Trades `amount` lots of the top order, at most what remains; it is removed when none remain. */
  fillTop(amount: number): void {
    const [level] = this.levels;
    const order = level?.orders[0];
    if (level === undefined || order === undefined) throw new RangeError("the book is empty");
    order.remaining -= amount;
    level.amount -= amount;
    if (order.remaining <= 0) level.orders.shift();
    if (level.orders.length === 0) this.levels.shift();
    this.#changed(level.price, level.orders.length === 0 ? undefined : level.amount);
  }

  /**
   * Removes an order by its id and price. If the order is missing, nothing changes, but the level is
   * reported all the same.
   *
   * @returns whether the order was found
   */
  remove(order: EngineOrder): boolean {
    const at = this.#position(order.price);
    const level = this.levels[at];
    if (level?.price !== order.price) {
      this.#changed(order.price, undefined);
      return false;
    }
    const index = level.orders.findIndex(({ id }) => id === order.id);
    const [removed] = index < 0 ? [] : level.orders.splice(index, 1);
    if (removed !== undefined) level.amount -= removed.remaining;
    if (level.orders.length === 0) this.levels.splice(at, 1);
    this.#changed(order.price, level.orders.length === 0 ? undefined : level.amount);
    return removed !== undefined;
  }

  #changed(price: number, amount: number | undefined): void {
    this.#onChange({ side: this.#side, price, amount });
  }

  /** The index of a price, or its insertion point. */
  #position(price: number): number {
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.levels[middle]!.price;
      if (this.#side === "buy" ? there > price : there < price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
