import { bigDecimal } from "./decimal.ts";
import type { Level, LevelChange } from "./book_side.ts";

/** Publishes one event; the payload is a value for `JSON.stringify`. */
export type Publish = (routingKey: string, payload: unknown) => void;

/** A price and an amount as published: `["1001.9","2.5"]`. */
export type PublishedLevel = readonly [price: string, amount: string];

/** A book as published: asks rise, bids fall. */
export interface PublishedBook {
  readonly asks: readonly PublishedLevel[];
  readonly bids: readonly PublishedLevel[];
  /** Of the last increment; 1 before the first. */
  readonly sequence: number;
}

/** When the engine publishes a snapshot along with an increment. */
export interface SnapshotPolicy {
  /** Increments since the last snapshot for which `minPeriod` is enough. Peatio: 20. */
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

/** A market's id and its units. */
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
   * Called with each event. If it throws, the event is lost as in Peatio: a failed increment has used
   * its sequence; an increment whose snapshot fails is not published and uses none.
   */
  readonly publish: Publish;
  /** Milliseconds; only differences matter. */
  readonly now: () => number;
  /** Overrides of Peatio's constants. */
  readonly snapshots?: Partial<SnapshotPolicy>;
}

/** The part of each side that a publisher reads, best first. */
type Levels = readonly Pick<Level<unknown>, "price" | "amount">[];

/**
 * Publishes the changes of one order book like `publish_increment` and `publish_snapshot` of Peatio's
 * `Matching::Engine`. The book has changed already when `change` is called, so a snapshot includes the
 * change of the increment that follows it, but carries the previous sequence.
 *
 * @example
 * ```ts
 * declare const options: BookPublisherOptions;
 * const publisher = new BookPublisher({ asks: [], bids: [] }, options);
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

  /** Starts again at sequence 1 with a snapshot; throws what `publish` throws. */
  start(): void {
    this.#running = true;
    this.#sequence = 1;
    this.#increments = 0;
    this.#snapshot();
  }

  /** Stops publishing changes, as Peatio's engine does while it loads its orders. */
  stop(): void {
    this.#running = false;
  }

  /** Publishes one changed level, preceded by a snapshot if one is due. */
  change({ side, price, amount }: LevelChange): void {
    if (!this.#running) return;
    try {
      if (this.#isSnapshotDue()) {
        this.#snapshot();
        this.#increments = 0;
      }
      this.#increments += 1;
      this.#sequence += 1;
      this.#event("ob-inc", {
        [side === "buy" ? "bids" : "asks"]: [
          bigDecimal(price, this.#market.pricePrecision),
          // The total of a removed level is nil in Ruby, which becomes an empty string.
          amount === undefined ? "" : bigDecimal(amount, this.#market.amountPrecision),
        ],
        sequence: this.#sequence,
      });
    } catch {
      // Peatio reports the exception and continues to match orders.
    }
  }

  /** The book as published, with at most `depth` levels per side. */
  book(depth = Infinity): PublishedBook {
    const { pricePrecision, amountPrecision } = this.#market;
    const texts = (levels: Levels): PublishedLevel[] =>
      levels.slice(0, depth).map(({ price, amount }) => [
        bigDecimal(price, pricePrecision),
        bigDecimal(amount, amountPrecision),
      ]);
    return { asks: texts(this.#asks), bids: texts(this.#bids), sequence: this.#sequence };
  }

  #isSnapshotDue(): boolean {
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
