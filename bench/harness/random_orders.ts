import type { EngineOrder } from "../../src/source/simulator/book_side.ts";
import type { PeatioEngine } from "../../src/source/simulator/engine.ts";
import type { Side } from "../../src/source/simulator/book_side.ts";
import type { Random } from "../../src/source/simulator/random.ts";

/** A book's place and size. */
export interface RandomOrdersOptions {
  /** Ticks: asks are above, bids below. */
  readonly middle: number;
  /** Levels a side, about; they are within three times as many ticks. */
  readonly depth: number;
  /** Lots of an order at most. */
  readonly size: number;
}

/**
 * Random limit orders, market orders and cancellations that keep a market about equally deep, so
 * that an engine goes on publishing changes: about a third of them remove a level, as a real
 * exchange's do.
 *
 * @example
 * ```ts
 * import { type PeatioEngine } from "../../src/source/simulator/engine.ts";
 * import { Random } from "../../src/source/simulator/random.ts";
 * declare const engine: PeatioEngine;
 * const orders = new RandomOrders(engine, new Random("1"), { middle: 1_000, depth: 50, size: 90 });
 * orders.open();
 * engine.start();
 * for (;;) orders.act();
 * ```
 */
export class RandomOrders {
  readonly #engine: PeatioEngine;
  readonly #random: Random;
  readonly #options: RandomOrdersOptions;
  #lastId = 0;

  constructor(engine: PeatioEngine, random: Random, options: RandomOrdersOptions) {
    this.#engine = engine;
    this.#random = random;
    this.#options = options;
  }

  /** Places an order at each of the first `depth` prices of each side. */
  open(): void {
    for (let distance = 1; distance <= this.#options.depth; distance++) {
      for (const side of ["sell", "buy"] as const) this.#limit(side, distance);
    }
  }

  /** Places, cancels or takes one order; the engine publishes one change at least. */
  act(): void {
    const side = this.#random.chance(0.5) ? "sell" : "buy";
    const levels = this.#engine.levels(side);
    const { depth } = this.#options;
    const dice = this.#random.next();
    if (dice < (levels.length < depth ? 0.6 : 0.3) || levels.length < depth / 2) {
      this.#limit(side, this.#random.integer(1, 3 * depth));
    } else if (dice < 0.93) {
      this.#engine.cancel(this.#random.pick(this.#random.pick(levels).orders));
    } else {
      this.#take(side, levels[0]!.price, levels[0]!.amount);
    }
  }

  /** Makes each side what it was before, by cancelling what differs and placing what is missing. */
  restore(before: Record<Side, ReadonlyMap<number, number>>): void {
    for (const side of ["sell", "buy"] as const) {
      for (const { price, amount, orders } of [...this.#engine.levels(side)]) {
        if (before[side].get(price) === amount) continue;
        for (const order of [...orders]) this.#engine.cancel(order);
      }
      const there = this.amounts(side);
      for (const [price, amount] of before[side]) {
        if (!there.has(price)) this.#submit(side, price, amount);
      }
    }
  }

  /** The side's amounts in lots, by price in ticks. */
  amounts(side: Side): ReadonlyMap<number, number> {
    return new Map(this.#engine.levels(side).map(({ price, amount }) => [price, amount]));
  }

  #limit(side: Side, distance: number): void {
    const { middle, size } = this.#options;
    const price = side === "sell" ? middle + distance : middle - distance;
    this.#submit(side, price, this.#random.integer(1, size));
  }

  /** A market order on the best level of `side`: a part of it, or more than there is. */
  #take(side: Side, price: number, amount: number): void {
    const remaining = Math.max(1, Math.ceil(amount * 1.5 * this.#random.next()));
    this.#engine.submit({
      id: ++this.#lastId,
      side: side === "sell" ? "buy" : "sell",
      type: "market",
      price: 0,
      remaining,
      // Pays for it some levels on.
      locked: BigInt(price) * BigInt(remaining) * 2n,
    });
  }

  #submit(side: Side, price: number, remaining: number): void {
    const order: EngineOrder = { id: ++this.#lastId, side, type: "limit", price, remaining };
    this.#engine.submit(order);
  }
}
