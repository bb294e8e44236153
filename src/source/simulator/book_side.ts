/** Which way an order trades: buyers bid, sellers ask. */
export type Side = "buy" | "sell";

/** An order as the matching engine sees it; `remaining` falls as it trades. */
export interface EngineOrder {
  /** Rises from order to order. */
  readonly id: number;
  readonly side: Side;
  readonly type: "limit" | "market";
  /** Ticks: the limit; a market order's is not looked at. */
  readonly price: number;
  /** Lots still to be traded. */
  remaining: number;
  /**
   * Ticks times lots that a market order to buy may still spend; without it, it buys nothing. Other
   * orders have no such bound.
   */
  locked?: bigint;
}

/** All orders at one price, oldest first. */
export interface Level<Order> {
  /** Ticks. */
  readonly price: number;
  /** Lots: the sum of what remains of the orders. */
  amount: number;
  readonly orders: Order[];
}

/** What one level is after something happened to it. */
export interface LevelChange {
  readonly side: Side;
  /** Ticks. */
  readonly price: number;
  /** Lots; undefined when there is no level at that price. */
  readonly amount: number | undefined;
}

/**
 * The waiting limit orders of one side of a market, a port of Peatio's `Matching::OrderBook` and
 * `Matching::PriceLevel`: every operation calls back with the level that it touched, also when the
 * level is as it was.
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

  /** Lets an order wait behind those of its price. */
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

  /** Trades `amount` lots of the top order, which has as many; it leaves when none remain. */
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
   * Takes an order out by its id and price. An order that is not here changes nothing, and the
   * level is called back all the same.
   *
   * @returns whether the order was here
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

  /** The index at which a price is, or would be inserted. */
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
