import { Buffer } from "./buffer.ts";
import { add, textOf, ZERO } from "./decimals.ts";
import type { RangerError } from "./errors.ts";
import { type Side, Sides } from "./sides.ts";
import type { Decimal } from "./streams.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { tell } from "./tell.ts";

/** One price of an order book; texts as the server sent them, every digit kept. */
export interface Level {
  readonly price: Decimal;
  readonly amount: Decimal;
  /** All amounts from the best price to this one, added up exactly. */
  readonly total: Decimal;
}

/** Both sides, best price first. */
export interface Depth {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
}

/** How a book tells of its changes. */
export interface BookOptions {
  /**
   * `frame`: at most once for each frame that is drawn (without a screen: 60 times a second),
   * however many changes came. `message`: at each message. Default `frame`.
   */
  readonly notify?: "frame" | "message" | undefined;
}

/** Milliseconds of a frame, where nothing is drawn. */
const FRAME = 16;

const screen = globalThis as {
  requestAnimationFrame?: (callback: () => void) => number;
  cancelAnimationFrame?: (id: number) => void;
};

/**
 * A market's order book, kept up to date: built from a snapshot and the increments since. After a
 * reconnect, or when something was lost on the way, it shows what it had (`live` is false
 * meanwhile) until the server has sent the book anew.
 *
 * @example
 * ```ts
 * const book = ranger.book("btcusd");
 * book.onChange(() => {
 *   const { asks, bids } = book.depth(10);
 *   console.log(book.live, bids[0]?.price, asks[0]?.price, book.spread);
 * });
 * ```
 */
export class Book {
  readonly market: string;
  readonly #everyMessage: boolean;
  readonly #name: string;
  readonly #subscriptions: Subscriptions;
  readonly #book = new Sides();
  readonly #listeners = new Set<(book: Book) => void>();
  readonly #readers = new Set<Buffer<Book>>();
  #releases: (() => void)[] = [];
  readonly #ended: (book: Book, error: RangerError | undefined) => void;
  #live = false;
  #cancel: (() => void) | undefined;

  /** Use {@link Ranger.book}. */
  constructor(
    market: string,
    { notify }: BookOptions,
    subscriptions: Subscriptions,
    ended: (book: Book, error: RangerError | undefined) => void,
  ) {
    this.market = market;
    this.#everyMessage = notify === "message";
    this.#name = `${market}.ob-inc`;
    this.#subscriptions = subscriptions;
    this.#releases = [
      subscriptions.listen(
        `${market}.ob-snap`,
        (payload) => this.#snapshot(payload),
      ),
      subscriptions.listen(this.#name, (payload) => this.#increment(payload)),
      subscriptions.hold(this.#name, (error) => this.end(error)),
    ];
    this.#ended = ended;
  }

  /** Whether the book is what the server has: false before the first snapshot and after a loss. */
  get live(): boolean {
    return this.#live;
  }

  /** The number of the last increment, where the exchange numbers them. */
  get sequence(): number | undefined {
    return this.#book.sequence;
  }

  /** The lowest price that somebody sells at. */
  get bestAsk(): Level | undefined {
    return levels(this.#book.asks, 1)[0];
  }

  /** The highest price that somebody buys at. */
  get bestBid(): Level | undefined {
    return levels(this.#book.bids, 1)[0];
  }

  /** The best ask less the best bid, exactly. */
  get spread(): Decimal | undefined {
    const [ask, bid] = [this.#book.asks[0], this.#book.bids[0]];
    return ask && bid && textOf(add(ask.at, bid.at, -1n));
  }

  /**
   * The best levels of both sides, with their cumulative amounts.
   *
   * @param count levels a side; all of them unless given
   */
  depth(count: number = Infinity): Depth {
    const { asks, bids } = this.#book;
    return { asks: levels(asks, count), bids: levels(bids, count) };
  }

  /**
   * Calls back when the book has changed, also when `live` has; see {@link BookOptions}.
   *
   * @returns a function that ends it
   */
  onChange(listener: (book: Book) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The book itself, at each change: `for await (const { bestBid } of ranger.book("btcusd"))`.
   * Changes that the loop has no time for are left out. It ends when the book is closed.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Book, undefined> {
    const reader: Buffer<Book> = new Buffer<Book>(
      this.#name,
      { overflow: "latest" },
      () => this.#readers.delete(reader),
    );
    if (this.#releases.length === 0) reader.end();
    else this.#readers.add(reader);
    if (this.#live) reader.push(this);
    return reader;
  }

  /** Lets go of the stream, and ends loops over the book; what it held can still be read. */
  close(): void {
    this.end();
  }

  /** @ignore The connection is gone: what comes next is a snapshot. */
  lost(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#changed();
  }

  /** @ignore As `close`; loops end with the error. */
  end(error?: RangerError): void {
    for (const release of this.#releases) release();
    this.#releases = [];
    this.#live = false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#listeners.clear();
    for (const reader of this.#readers) reader.end(error);
    this.#ended(this, error);
  }

  #snapshot(payload: unknown): void {
    if (!this.#book.replace(payload)) return;
    this.#live = true;
    this.#changed();
  }

  #increment(payload: unknown): void {
    // Of a book in doubt, they would be increments to something else.
    if (!this.#live) return;
    if (!this.#book.apply(payload)) {
      this.#live = false;
      this.#subscriptions.again(this.#name);
    }
    this.#changed();
  }

  #changed(): void {
    if (this.#everyMessage) return this.#notify();
    if (this.#cancel) return;
    const notify = () => this.#notify();
    if (screen.requestAnimationFrame) {
      const id = screen.requestAnimationFrame(notify);
      this.#cancel = () => screen.cancelAnimationFrame?.(id);
    } else {
      const timer = setTimeout(notify, FRAME);
      this.#cancel = () => clearTimeout(timer);
    }
  }

  #notify(): void {
    this.#cancel = undefined;
    for (const reader of this.#readers) reader.push(this);
    tell(this.#listeners, this);
  }
}

function levels(side: Side, count: number): Level[] {
  let sum = ZERO;
  return side.slice(0, count).map(({ price, amount, size }) => {
    sum = add(sum, size);
    return { price, amount, total: textOf(sum) };
  });
}
