import type { Market, Ticket } from "./market.ts";
import type { Side } from "./book_side.ts";
import type { Random } from "./random.ts";

/** Levels a side: below the first nobody takes or cancels, above the second the last one goes. */
const FEWEST = 12;
const MOST = 60;
/** How many levels a side the market opens with. */
const OPENING = 30;
/** How deep into the other side one order may reach, in levels. */
const REACH = 3;

/** Parts of the price. */
const HALF_SPREAD = 0.0001;
const DEPTH = 0.004;
/** How far the price walks in a second (one deviation), and how hard its start pulls it back. */
const WALK = 0.0002;
const PULL = 0.00002;

/**
 * Everybody in one market who is not the demo's user: quotes around a price that walks at
 * random, withdraws quotes, and takes them.
 */
export class Crowd {
  readonly #market: Market;
  readonly #random: Random;
  readonly #uids: readonly string[];
  readonly #step: number;
  /** What the crowd thinks the thing is worth, in ticks; not whole. */
  #fair: number;

  /** @param rate acts a second, so that the price walks equally far at any rate */
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
    while (bids.length < OPENING) this.#quote("buy", at);
    while (asks.length < OPENING) this.#quote("sell", at);
  }

  /** Does one thing. */
  act(at: number): void {
    this.#walk();
    if (this.#market.levels("buy").length < FEWEST) return this.#quote("buy", at);
    if (this.#market.levels("sell").length < FEWEST) return this.#quote("sell", at);
    const side = this.#random.chance(0.5) ? "buy" : "sell";
    const dice = this.#random.next();
    if (this.#market.levels(side).length > MOST) this.#withdraw(side, at, true);
    else if (dice < 0.5) this.#quote(side, at);
    else if (dice < 0.85) this.#withdraw(side, at, this.#random.chance(0.4));
    else this.#take(side, at);
  }

  #walk(): void {
    const { price, grid } = this.#market.definition;
    this.#fair += this.#fair * this.#step * this.#random.normal();
    this.#fair += (price - this.#fair) * PULL;
    // However long it runs, a price stays one that the grid can show.
    this.#fair = Math.max(this.#fair, price / 10, grid * 2 * MOST);
  }

  /** A limit order near the fair price; trades when the price has walked past the other side. */
  #quote(side: Side, at: number): void {
    const { grid } = this.#market.definition;
    const near = this.#random.next();
    // Wide enough for the opening levels, also where the grid is coarse.
    const depth = Math.max(this.#fair * DEPTH, 2 * OPENING * grid);
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
    // Mostly a part of the best level, now and then more than there is at that price.
    const amount = this.#random.chance(0.75)
      ? Math.ceil(best.amount * this.#random.next())
      : best.amount + this.#amount();
    const type = this.#random.chance(0.5) ? "market" : "limit";
    this.#place({ side, type, price, amount: Math.max(1, amount) }, at);
  }

  /** The worst price that an order of this side may trade at, if there is anything to trade. */
  #worst(side: Side): number | undefined {
    const levels = this.#market.levels(side === "buy" ? "sell" : "buy");
    return levels[Math.min(REACH, levels.length) - 1]?.price;
  }

  #withdraw(side: Side, at: number, furthest: boolean): void {
    const levels = this.#market.levels(side);
    const level = furthest ? levels.at(-1) : this.#random.pick(levels);
    // Only the crowd's own orders: the demo's user withdraws theirs.
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
