import { EncodedEvent } from "./envelope.ts";
import {
  type IncrementOutcome,
  OrderBook,
  type SnapshotOutcome as BookSnapshotOutcome,
} from "./order_book.ts";
import { OLD_INCREMENTS_OF_A_RESTART, orderOf, readSequence } from "./sequence.ts";

/** What became of a snapshot, for the hub to act on. */
export type FeedSnapshot = Exclude<BookSnapshotOutcome, "foreign">;

/** What became of an increment, for the hub to act on. */
export type FeedIncrement =
  | IncrementOutcome
  /** The state is not known. */
  | "unsure"
  /** The last of several in a row that are known already: the exchange restarted its sequence. */
  | "restarted";

/** The state of one stream that comes as snapshots and increments (protocol, section 6). */
export interface Feed {
  /** Whether the state is known; if not, increments wait for the next snapshot. */
  readonly live: boolean;
  /** Whether there has been a snapshot that could be used. */
  readonly begun: boolean;
  /** @returns "diverged" when subscribers must be given this snapshot before they get increments */
  snapshot(event: EncodedEvent, payload: unknown): FeedSnapshot;
  /**
   * @returns "applied" when the increment may go to subscribers, "diverged" when they must be given
   * {@linkcode Feed.base} before it
   */
  increment(event: EncodedEvent, payload: unknown): FeedIncrement;
  /** The snapshot to send before an increment that is "diverged"; valid until the next event. */
  readonly base: EncodedEvent | undefined;
  /** Something may have been lost. */
  doubt(): void;
  /** What a late comer must be sent, in order; nothing while the state is not known. */
  current(): readonly EncodedEvent[];
}

const encoder = new TextEncoder();

/**
 * The state of an order book, which increments are applied to. In {@linkcode BookOrReplayFeed} it
 * is a {@linkcode Feed}.
 */
export class OrderBookFeed {
  readonly #name: string;
  readonly #levels: number;
  #book: OrderBook;
  #live = false;
  #begun = false;
  #base: EncodedEvent | undefined;
  /** Increments in a row that were known already. */
  #old = 0;
  /** The book as of now, until the next increment changes it. */
  #current: readonly EncodedEvent[] | undefined;

  /**
   * @param name of the snapshots: `usdbtc.ob-snap`
   * @param levels that a side may have
   */
  constructor(name: string, levels: number) {
    this.#name = name;
    this.#levels = levels;
    this.#book = new OrderBook(levels);
  }

  get live(): boolean {
    return this.#live;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get base(): EncodedEvent | undefined {
    return this.#base;
  }

  /** @returns "foreign" for a book that cannot be read as one; the state is as it was */
  snapshot(event: EncodedEvent, payload: unknown): BookSnapshotOutcome {
    const { sequence } = this.#book;
    const outcome = this.#book.replace(payload, event.body);
    if (outcome === "unusable" || outcome === "foreign") return outcome;
    this.#base = outcome === "unjudged" ? event.keep() : undefined;
    if (outcome === "unjudged") return outcome;
    this.#old = 0;
    // A book without a sequence may get one by a snapshot that it is in step with.
    if (outcome === "diverged" || sequence !== this.#book.sequence) this.#current = undefined;
    if (outcome === "in step" && this.#live) return outcome;
    this.#live = this.#begun = true;
    return "diverged";
  }

  increment(event: EncodedEvent, payload: unknown): FeedIncrement {
    if (!this.#live) return "unsure";
    const outcome = this.#book.apply(payload, event.body);
    if (outcome === "stale") return this.#takeOld();
    if (outcome !== "applied" && outcome !== "diverged") {
      this.doubt();
      return outcome;
    }
    if (outcome === "applied") this.#base = undefined;
    this.#old = 0;
    this.#current = undefined;
    return outcome;
  }

  doubt(): void {
    this.#live = false;
    this.#current = undefined;
    this.#base = undefined;
    this.#old = 0;
    // Nothing of it counts any more, not even its sequence.
    this.#book = new OrderBook(this.#levels);
  }

  current(): readonly EncodedEvent[] {
    if (!this.#live) return [];
    return this.#current ??= [
      new EncodedEvent(this.#name, encoder.encode(JSON.stringify(this.#book))),
    ];
  }

  #takeOld(): FeedIncrement {
    if (++this.#old < OLD_INCREMENTS_OF_A_RESTART) return "stale";
    this.doubt();
    return "restarted";
  }
}

/**
 * A state that the server cannot read: it is replayed as it was published. Of its payloads only a
 * `sequence` is understood, where they have one.
 */
export class ReplayFeed implements Feed {
  readonly #limit: number;
  readonly #maxBytes: number;
  #events: EncodedEvent[] = [];
  #bytes = 0;
  #begun = false;
  /** Increments in a row that were known already. */
  #old = 0;
  #sequence: number | undefined;
  readonly base = undefined;

  /**
   * @param limit increments kept after a snapshot
   * @param maxBytes of the snapshot and all of them
   */
  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
  }

  get live(): boolean {
    return this.#events.length > 0;
  }

  get begun(): boolean {
    return this.#begun;
  }

  snapshot(event: EncodedEvent, payload: unknown): "in step" | "diverged" {
    const sequence = sequenceOf(payload);
    const inStep = this.live &&
      (sequence === undefined || this.#sequence === undefined || sequence === this.#sequence);
    this.#events = [event.keep()];
    this.#bytes = event.bytes;
    this.#sequence = sequence ?? (inStep ? this.#sequence : undefined);
    this.#old = 0;
    this.#begun = true;
    return inStep ? "in step" : "diverged";
  }

  increment(event: EncodedEvent, payload: unknown): FeedIncrement {
    if (!this.live) return "unsure";
    const sequence = sequenceOf(payload);
    const order = orderOf(sequence, this.#sequence);
    if (order === "stale") {
      if (++this.#old < OLD_INCREMENTS_OF_A_RESTART) return order;
      this.doubt();
      return "restarted";
    }
    this.#old = 0;
    this.#bytes += event.bytes;
    if (
      order === "gap" || this.#events.length > this.#limit || this.#bytes > this.#maxBytes
    ) {
      this.doubt();
      return order === "gap" ? order : "overflow";
    }
    this.#events.push(event.keep());
    this.#sequence = sequence ?? this.#sequence;
    return "applied";
  }

  doubt(): void {
    this.#events = [];
    this.#bytes = 0;
    this.#old = 0;
    this.#sequence = undefined;
  }

  current(): readonly EncodedEvent[] {
    return this.#events;
  }
}

/**
 * The state of an order book. While the exchange publishes it in a form that increments cannot be
 * applied to, it is replayed like a state of unknown kind, and not withheld.
 *
 * @example
 * ```ts
 * new BookOrReplayFeed(new OrderBookFeed("usdbtc.ob-snap", 10_000), new ReplayFeed(1000, 1 << 20));
 * ```
 */
export class BookOrReplayFeed implements Feed {
  readonly #book: OrderBookFeed;
  readonly #replay: ReplayFeed;
  #chosen: OrderBookFeed | ReplayFeed;

  constructor(book: OrderBookFeed, replay: ReplayFeed) {
    this.#book = book;
    this.#replay = replay;
    this.#chosen = book;
  }

  get live(): boolean {
    return this.#chosen.live;
  }

  get begun(): boolean {
    return this.#book.begun || this.#replay.begun;
  }

  get base(): EncodedEvent | undefined {
    return this.#chosen.base;
  }

  snapshot(event: EncodedEvent, payload: unknown): FeedSnapshot {
    const outcome = this.#book.snapshot(event, payload);
    if (outcome === "foreign") {
      if (this.#chosen === this.#book) this.#book.doubt();
      this.#chosen = this.#replay;
      return this.#replay.snapshot(event, payload);
    }
    if (outcome === "unusable" || this.#chosen === this.#book) return outcome;
    // It can be read again. Whether subscribers are in step is what their increments say.
    const replayed = this.#replay.snapshot(event, payload);
    this.#replay.doubt();
    this.#chosen = this.#book;
    return replayed;
  }

  increment(event: EncodedEvent, payload: unknown): FeedIncrement {
    return this.#chosen.increment(event, payload);
  }

  doubt(): void {
    this.#chosen.doubt();
  }

  current(): readonly EncodedEvent[] {
    return this.#chosen.current();
  }
}

function sequenceOf(payload: unknown): number | undefined {
  const sequence = readSequence(payload);
  return sequence === "unusable" ? undefined : sequence;
}
