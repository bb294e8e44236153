import { bigDecimal } from "./decimal.ts";
import type { Level, LevelChange } from "./book_side.ts";

/** Publishes one event; the payload is what JSON.stringify takes. */
export type Publish = (routingKey: string, payload: unknown) => void;

/** A price and an amount as they are published: `["1001.9","2.5"]`. */
export type PublishedLevel = readonly [price: string, amount: string];

/** A book as it is published: asks rise, bids fall. */
export interface PublishedBook {
  readonly asks: readonly PublishedLevel[];
  readonly bids: readonly PublishedLevel[];
  /** Of the last increment; 1 before the first. */
  readonly sequence: number;
}

/** When the engine publishes a snapshot along with an increment. */
export interface SnapshotPolicy {
  /** Increments since the last snapshot from which on `minPeriod` is enough. Peatio: 20. */
  readonly minIncrements: number;
  /** Milliseconds that must be exceeded since the last snapshot, with many increments. Peatio: 10 s. */
  readonly minPeriod: number;
  /** Milliseconds since the last snapshot that suffice with fewer increments. Peatio: 60 s. */
  readonly maxPeriod: number;
  /** Levels a side in a snapshot. Peatio: 301. */
  readonly depth: number;
}

/** The constants of Peatio's engine. */
export const PEATIO_SNAPSHOTS: SnapshotPolicy = {
  minIncrements: 20,
  minPeriod: 10_000,
  maxPeriod: 60_000,
  depth: 301,
};

/** A market's name and how it counts. */
export interface BookMarket {
  /** As in the routing key: `btcusd`. */
  readonly id: string;
  /** Digits after the point in a price; a price is counted in units of the last one, ticks. */
  readonly pricePrecision: number;
  /** Digits after the point in an amount; an amount is counted in units of the last one, lots. */
  readonly amountPrecision: number;
}

export interface BookPublisherOptions {
  readonly market: BookMarket;
  /**
   * Gets each event. When it throws, the event is lost as Peatio loses it: an increment has used
   * its number; an increment whose snapshot fails is not published and uses none.
   */
  readonly publish: Publish;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
  /** What differs from Peatio's constants. */
  readonly snapshots?: Partial<SnapshotPolicy>;
}

/** What a publisher reads of each side, best first. */
type Levels = readonly Pick<Level<unknown>, "price" | "amount">[];

/**
 * Publishes the changes of one order book as `publish_increment` and `publish_snapshot` of Peatio's
 * `Matching::Engine` do. The book has changed already when `change` is called, so a snapshot has
 * the change of the increment after it, and the sequence before it.
 *
 * @example
 * ```ts
 * const publisher = new BookPublisher({ asks, bids }, { market, publish, now: Date.now });
 * publisher.start(); // public.btcusd.ob-snap {"asks":[…],"bids":[…],"sequence":1}
 * publisher.change({ side: "sell", price: 100190, amount: undefined });
 * // public.btcusd.ob-inc {"asks":["1001.9",""],"sequence":2}
 * ```
 */
export class BookPublisher {
  readonly #asks: Levels;
  readonly #bids: Levels;
  readonly #market: BookMarket;
  readonly #publish: Publish;
  readonly #now: () => number;
  readonly #policy: SnapshotPolicy;
  #running = false;
  #sequence = 1;
  #snapshotTime = 0;
  /** Increments since the last snapshot. */
  #increments = 0;

  /** @param sides the live levels of the book, read whenever a snapshot is published */
  constructor(sides: { asks: Levels; bids: Levels }, options: BookPublisherOptions) {
    this.#asks = sides.asks;
    this.#bids = sides.bids;
    this.#market = options.market;
    this.#publish = options.publish;
    this.#now = options.now;
    this.#policy = { ...PEATIO_SNAPSHOTS, ...options.snapshots };
  }

  /** Of the last increment; 1 before the first since `start`. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Begins at sequence 1, whatever it was before, with a snapshot; throws what `publish` throws. */
  start(): void {
    this.#running = true;
    this.#sequence = 1;
    this.#increments = 0;
    this.#snapshot();
  }

  /** From now on changes are not published, as while Peatio's engine loads its orders. */
  stop(): void {
    this.#running = false;
  }

  /** Publishes one changed level, after a snapshot if it is time for one. */
  change({ side, price, amount }: LevelChange): void {
    if (!this.#running) return;
    try {
      if (this.#isTimeForSnapshot()) {
        this.#snapshot();
        this.#increments = 0;
      }
      this.#increments += 1;
      this.#sequence += 1;
      this.#event("ob-inc", {
        [side === "buy" ? "bids" : "asks"]: [
          bigDecimal(price, this.#market.pricePrecision),
          // The total of a level that is gone is nil in Ruby, and nil as text is empty.
          amount === undefined ? "" : bigDecimal(amount, this.#market.amountPrecision),
        ],
        sequence: this.#sequence,
      });
    } catch {
      // Peatio reports the exception and goes on matching.
    }
  }

  /** The book as text, at most `depth` levels a side. */
  book(depth = Infinity): PublishedBook {
    const { pricePrecision, amountPrecision } = this.#market;
    const texts = (levels: Levels): PublishedLevel[] =>
      levels.slice(0, depth).map(({ price, amount }) => [
        bigDecimal(price, pricePrecision),
        bigDecimal(amount, amountPrecision),
      ]);
    return { asks: texts(this.#asks), bids: texts(this.#bids), sequence: this.#sequence };
  }

  #isTimeForSnapshot(): boolean {
    const { minIncrements, minPeriod, maxPeriod } = this.#policy;
    const elapsed = this.#now() - this.#snapshotTime;
    return this.#increments < minIncrements ? elapsed >= maxPeriod : elapsed > minPeriod;
  }

  #snapshot(): void {
    this.#snapshotTime = this.#now();
    this.#event("ob-snap", this.book(this.#policy.depth));
  }

  #event(event: string, payload: unknown): void {
    this.#publish(`public.${this.#market.id}.${event}`, payload);
  }
}
