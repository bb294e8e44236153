import type { Book, BookOptions, Depth, Level, Stop } from "./api.ts";
import { AsyncQueue } from "./async_queue.ts";
import { add, formatDecimal, ZERO } from "./decimals.ts";
import { RangerError } from "./errors.ts";
import type { Settings } from "./options.ts";
import { Resubscription } from "./resubscription.ts";
import { OrderBook, type Side } from "./order_book.ts";
import type { Decimal } from "./streams.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { emit, subscribe } from "./listeners.ts";

/** The part of the subscriptions that a book uses. */
export type BookSubscriptions =
  & Pick<Subscriptions, "listen" | "subscribe" | "resubscribe">
  & Partial<Pick<Subscriptions, "source">>;

/** Length of a frame in runtimes without a screen. */
const FRAME_MS = 16;

/** The timers that runtimes with a screen have. */
interface Screen {
  readonly requestAnimationFrame?: typeof setTimeout;
  readonly cancelAnimationFrame?: typeof clearTimeout;
}

/** Runs an action in the next animation frame. @returns a function that cancels it */
export function onNextFrame(action: () => void): Stop {
  const { requestAnimationFrame: ask = setTimeout, cancelAnimationFrame: cancel = clearTimeout } =
    globalThis as unknown as Screen;
  const id = ask(action, FRAME_MS);
  return () => cancel(id);
}

/** Implements {@linkcode Book}. */
export class LiveBook implements Book {
  readonly market: string;
  readonly #everyMessage: boolean;
  readonly #name: string;
  readonly #subscriptions: BookSubscriptions;
  readonly #resubscription: Resubscription;
  readonly #book = new OrderBook();
  readonly #listeners = new Set<(book: Book) => void>();
  readonly #readers = new Set<AsyncQueue<Book>>();
  #releases: (() => void)[] = [];
  readonly #failed: (error: RangerError) => void;
  readonly #ended: () => void;
  readonly #verify: Settings["verifyBook"];
  /** Whether the levels are those of the server. */
  #live = false;
  #cancel: (() => void) | undefined;

  /**
   * @param failed called with errors that no loop over the book throws
   * @param ended called once, when the book is closed
   * @param verify returns whether the book is right after a message
   */
  constructor(
    market: string,
    { notify }: BookOptions,
    subscriptions: BookSubscriptions,
    failed: (error: RangerError) => void,
    ended: () => void,
    verify?: Settings["verifyBook"],
  ) {
    this.market = market;
    this.#everyMessage = notify === "message";
    this.#name = `${market}.ob-inc`;
    this.#subscriptions = subscriptions;
    this.#resubscription = new Resubscription(() => subscriptions.resubscribe(this.#name));
    this.#releases = [
      subscriptions.listen(`${market}.ob-snap`, (payload) => this.#snapshot(payload)),
      subscriptions.listen(this.#name, (payload) => this.#increment(payload)),
      subscriptions.subscribe(this.#name, (error) => this.end(error)),
    ];
    this.#failed = failed;
    this.#ended = ended;
    this.#verify = verify;
  }

  get live(): boolean {
    return this.#live && this.#subscriptions.source !== "down";
  }

  get sequence(): number | undefined {
    return this.#book.sequence;
  }

  get bestAsk(): Level | undefined {
    return levels(this.#book.asks, 1)[0];
  }

  get bestBid(): Level | undefined {
    return levels(this.#book.bids, 1)[0];
  }

  get spread(): Decimal | undefined {
    const [ask, bid] = [this.#book.asks[0], this.#book.bids[0]];
    return ask && bid && formatDecimal(add(ask.priceValue, bid.priceValue, -1n));
  }

  depth(count: number = Infinity): Depth {
    const { asks, bids } = this.#book;
    return { asks: levels(asks, count), bids: levels(bids, count) };
  }

  onChange(listener: (book: Book) => void): Stop {
    return subscribe(this.#listeners, listener);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Book, undefined> {
    const reader: AsyncQueue<Book> = new AsyncQueue<Book>(
      this.#name,
      { overflow: "latest" },
      () => this.#readers.delete(reader),
    );
    if (this.#releases.length === 0) reader.end();
    else this.#readers.add(reader);
    if (this.live) reader.push(this);
    return reader;
  }

  close(): void {
    this.end();
  }

  /**
   * Streams were lost, all by default, so that a book of them is stale until the next snapshot; or
   * whether the server receives events has changed.
   */
  lost(streams: readonly string[] = [this.#name]): void {
    const wasLive = this.#live;
    if (streams.includes(this.#name)) {
      this.#resubscription.stop();
      this.#live = false;
    }
    if (wasLive) this.#changed();
  }

  /** Closes the book; its loops end with the error. */
  end(error?: RangerError): void {
    if (this.#releases.length === 0) return;
    for (const release of this.#releases) release();
    this.#releases = [];
    this.#live = false;
    this.#resubscription.stop();
    this.#cancel?.();
    this.#listeners.clear();
    this.#ended();
    if (error && this.#readers.size === 0) this.#failed(error);
    for (const reader of this.#readers) reader.end(error);
  }

  #snapshot(payload: unknown): void {
    if (!this.#book.replace(payload) || this.#isWrong(payload)) {
      return this.#failedToRead("ob-snap");
    }
    this.#live = true;
    this.#resubscription.current();
    this.#changed();
  }

  #increment(payload: unknown): void {
    // A stale book has missed earlier increments.
    if (!this.#live) return;
    const applied = this.#book.apply(payload);
    if (applied && !this.#isWrong(payload)) this.#changed();
    else this.#failedToRead(applied === false ? undefined : "ob-inc");
  }

  #isWrong(payload: unknown): boolean {
    return this.#verify?.(this, payload) === false;
  }

  /** @param event the type of an event that is unreadable or leads to a wrong book; `undefined` after a gap */
  #failedToRead(event?: string): void {
    const wasLive = this.#live;
    this.#live = false;
    // Before the listeners run, because they may close the book.
    const report = this.#resubscription.failed(!!event);
    if (wasLive) this.#changed();
    if (!report) return;
    const message = `The order book of ${this.market} could not be read or is wrong`;
    this.#failed(new RangerError("protocol", message, `${this.market}.${event}`));
  }

  #changed(): void {
    if (this.#everyMessage) return this.#notify();
    this.#cancel ??= onNextFrame(() => this.#notify());
  }

  #notify(): void {
    this.#cancel = undefined;
    for (const reader of this.#readers) reader.push(this);
    emit(this.#listeners, this);
  }
}

function levels(side: Side, count: number): Level[] {
  let sum = ZERO;
  return side.slice(0, count).map(({ price, amount, amountValue }) => {
    sum = add(sum, amountValue);
    return { price, amount, total: formatDecimal(sum) };
  });
}
