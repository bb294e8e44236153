import type { Market, Ticket } from "./market.ts";
import type { Side } from "./book_side.ts";
import type { Random } from "./random.ts";

/** Levels per side: below the minimum the crowd only quotes, above the maximum it cancels the last. */
const MIN_LEVELS = 12;
const MAX_LEVELS = 60;
/** Levels per side when the market opens. */
const OPENING_LEVELS = 30;
/** Levels of the other side that one order may take. */
const MAX_REACH_LEVELS = 3;

/** As fractions of the price. */
const HALF_SPREAD = 0.0001;
const DEPTH = 0.004;
/** The standard deviation of the price per second, and the pull back to its start per act. */
const WALK = 0.0002;
const PULL = 0.00002;

/**
 * All users of one market except the demo's user. They quote around a price that moves in a random
 * walk, cancel quotes, and take them.
 */
export class Crowd {
  readonly #market: Market;
  readonly #random: Random;
  readonly #uids: readonly string[];
  readonly #step: number;
  /** The price that the crowd quotes around, in ticks; not an integer. */
  #fair: number;

  /** @param rate acts per second; the price moves equally far at any rate */
  constructor(market: Market, random: Random, uids: readonly string[], rate: number) {
    this.#market = market;
    this.#random = random;
    this.#uids = uids;
    this.#fair = market.definition.price;
    this.#step = WALK / Math.sqrt(Math.max(rate, 0.01));
  }

  /** Fills an empty book; `at` is in seconds since the epoch, here and below. */
  open(at: number): void {
    const [bids, asks] = [this.#market.levels("buy"), this.#market.levels("sell")];
    while (bids.length < OPENING_LEVELS) this.#quote("buy", at);
    while (asks.length < OPENING_LEVELS) this.#quote("sell", at);
  }

  /** Quotes, cancels or takes once. */
  act(at: number): void {
    this.#walk();
    if (this.#market.levels("buy").length < MIN_LEVELS) return this.#quote("buy", at);
    if (this.#market.levels("sell").length < MIN_LEVELS) return this.#quote("sell", at);
    const side = this.#random.chance(0.5) ? "buy" : "sell";
    const dice = this.#random.next();
    if (this.#market.levels(side).length > MAX_LEVELS) this.#withdraw(side, at, true);
    else if (dice < 0.5) this.#quote(side, at);
    else if (dice < 0.85) this.#withdraw(side, at, this.#random.chance(0.4));
    else this.#take(side, at);
  }

  #walk(): void {
    const { price, grid } = this.#market.definition;
    this.#fair += this.#fair * this.#step * this.#random.normal();
    this.#fair += (price - this.#fair) * PULL;
    // The price must stay far above the grid, however long the simulation runs.
    this.#fair = Math.max(this.#fair, price / 10, grid * 2 * MAX_LEVELS);
  }

  /** Places a limit order near the fair price, which trades if the other side is worse than that. */
  #quote(side: Side, at: number): void {
    const { grid } = this.#market.definition;
    const near = this.#random.next();
    // Wide enough for the opening levels on a coarse grid.
    const depth = Math.max(this.#fair * DEPTH, 2 * OPENING_LEVELS * grid);
    const distance = this.#fair * HALF_SPREAD + near * near * depth;
    const wanted = side === "buy"
      ? Math.floor((this.#fair - distance) / grid) * grid
      : Math.ceil((this.#fair + distance) / grid) * grid;
    const limit = this.#worst(side);
    const price = limit === undefined
      ? wanted
      : side === "buy"
      ? Math.min(wanted, limit)
      : Math.max(wanted, limit);
    this.#place({ side, type: "limit", price, amount: this.#amount() }, at);
  }

  #take(side: Side, at: number): void {
    const price = this.#worst(side);
    const best = this.#market.levels(side === "buy" ? "sell" : "buy")[0];
    if (price === undefined || best === undefined) return;
    // Usually a part of the best level, sometimes more than the whole level.
    const amount = this.#random.chance(0.75)
      ? Math.ceil(best.amount * this.#random.next())
      : best.amount + this.#amount();
    const type = this.#random.chance(0.5) ? "market" : "limit";
    this.#place({ side, type, price, amount: Math.max(1, amount) }, at);
  }

  /** The worst price that an order of this side may trade at; `undefined` if the book is empty. */
  #worst(side: Side): number | undefined {
    const levels = this.#market.levels(side === "buy" ? "sell" : "buy");
    return levels[Math.min(MAX_REACH_LEVELS, levels.length) - 1]?.price;
  }

  #withdraw(side: Side, at: number, furthest: boolean): void {
    const levels = this.#market.levels(side);
    const level = furthest ? levels.at(-1) : this.#random.pick(levels);
    // Only the crowd's orders: the demo's user cancels theirs.
    const own = level?.orders.filter((order) => this.#uids.includes(order.uid)) ?? [];
    if (own.length > 0) this.#market.cancel(this.#random.pick(own), at);
    else this.#quote(side, at);
  }

  #amount(): number {
    const size = this.#random.next();
    return 1 + Math.floor(size * size * 3 * this.#market.definition.size);
  }

  #place(ticket: Omit<Ticket, "uid">, at: number): void {
    this.#market.place({ uid: this.#random.pick(this.#uids), ...ticket }, at);
  }
}
