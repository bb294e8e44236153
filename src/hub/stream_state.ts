import { EncodedEvent } from "./envelope.ts";
import {
  type IncrementOutcome,
  OrderBook,
  type SnapshotOutcome as BookSnapshotOutcome,
} from "./order_book.ts";
import { orderOf, readSequence, RESTART_OLD_INCREMENTS } from "./sequence.ts";

/** What became of a snapshot, for the hub to act on. */
export type SnapshotResult = Exclude<BookSnapshotOutcome, "foreign">;

/** What became of an increment, for the hub to act on. */
export type IncrementResult =
  | IncrementOutcome
  /** The state is not known. */
  | "stale"
  /** The last of several in a row that are known already: the exchange restarted its sequence. */
  | "restarted";

/** The state of one stream that comes as snapshots and increments (protocol, section 6). */
export interface StreamState {
  /** Whether the state is known; if not, increments wait for the next snapshot. */
  readonly isCurrent: boolean;
  /** Whether there has been a snapshot that could be used. */
  readonly hasBegun: boolean;
  /** @returns "diverged" when subscribers must be given this snapshot before they get increments */
  snapshot(event: EncodedEvent, payload: unknown): SnapshotResult;
  /**
   * @returns "applied" when the increment may go to subscribers, "diverged" when they must be given
   * {@linkcode StreamState.divergedSnapshot} before it
   */
  increment(event: EncodedEvent, payload: unknown): IncrementResult;
  /** The snapshot to send before an increment that is "diverged"; valid until the next event. */
  readonly divergedSnapshot: EncodedEvent | undefined;
  /** Something may have been lost. */
  invalidate(): void;
  /** What a late comer must be sent, in order; nothing while the state is not known. */
  events(): readonly EncodedEvent[];
}

const encoder = new TextEncoder();

/**
 * The state of an order book, which increments are applied to. In {@linkcode BookOrReplayState} it
 * is a {@linkcode StreamState}.
 */
export class OrderBookState {
  readonly #name: string;
  readonly #maxLevels: number;
  #book: OrderBook;
  #isCurrent = false;
  #hasBegun = false;
  #divergedSnapshot: EncodedEvent | undefined;
  /** Increments in a row that were known already. */
  #oldInARow = 0;
  /** The book as of now, until the next increment changes it. */
  #events: readonly EncodedEvent[] | undefined;

  /**
   * @param name of the snapshots: `usdbtc.ob-snap`
   * @param levels that a side may have
   */
  constructor(name: string, levels: number) {
    this.#name = name;
    this.#maxLevels = levels;
    this.#book = new OrderBook(levels);
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get divergedSnapshot(): EncodedEvent | undefined {
    return this.#divergedSnapshot;
  }

  /** @returns "foreign" for a book that cannot be read as one; the state is as it was */
  snapshot(event: EncodedEvent, payload: unknown): BookSnapshotOutcome {
    const { sequence } = this.#book;
    const outcome = this.#book.replace(payload, event.body);
    if (outcome === "unusable" || outcome === "foreign") return outcome;
    this.#divergedSnapshot = outcome === "undecided" ? event.keep() : undefined;
    if (outcome === "undecided") return outcome;
    this.#oldInARow = 0;
    // A book without a sequence may get one by a snapshot that it is in step with.
    if (outcome === "diverged" || sequence !== this.#book.sequence) this.#events = undefined;
    if (outcome === "current" && this.#isCurrent) return outcome;
    this.#isCurrent = this.#hasBegun = true;
    return "diverged";
  }

  increment(event: EncodedEvent, payload: unknown): IncrementResult {
    if (!this.#isCurrent) return "stale";
    const outcome = this.#book.apply(payload, event.body);
    if (outcome === "old") return this.#countOld();
    if (outcome !== "applied" && outcome !== "diverged") {
      this.invalidate();
      return outcome;
    }
    if (outcome === "applied") this.#divergedSnapshot = undefined;
    this.#oldInARow = 0;
    this.#events = undefined;
    return outcome;
  }

  invalidate(): void {
    this.#isCurrent = false;
    this.#events = undefined;
    this.#divergedSnapshot = undefined;
    this.#oldInARow = 0;
    // Nothing of it counts any more, not even its sequence.
    this.#book = new OrderBook(this.#maxLevels);
  }

  events(): readonly EncodedEvent[] {
    if (!this.#isCurrent) return [];
    return this.#events ??= [
      new EncodedEvent(this.#name, encoder.encode(JSON.stringify(this.#book))),
    ];
  }

  #countOld(): IncrementResult {
    if (++this.#oldInARow < RESTART_OLD_INCREMENTS) return "old";
    this.invalidate();
    return "restarted";
  }
}

/**
 * A state that the server cannot read: it is replayed as it was published. Of its payloads only a
 * `sequence` is understood, where they have one.
 */
export class ReplayState implements StreamState {
  readonly #maxIncrements: number;
  readonly #maxBytes: number;
  #events: EncodedEvent[] = [];
  #bytes = 0;
  #hasBegun = false;
  /** Increments in a row that were known already. */
  #oldInARow = 0;
  #sequence: number | undefined;
  readonly divergedSnapshot = undefined;

  /**
   * @param limit increments kept after a snapshot
   * @param maxBytes of the snapshot and all of them
   */
  constructor(limit: number, maxBytes: number) {
    this.#maxIncrements = limit;
    this.#maxBytes = maxBytes;
  }

  get isCurrent(): boolean {
    return this.#events.length > 0;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  snapshot(event: EncodedEvent, payload: unknown): "current" | "diverged" {
    const sequence = sequenceOf(payload);
    const isCurrent = this.isCurrent &&
      (sequence === undefined || this.#sequence === undefined || sequence === this.#sequence);
    this.#events = [event.keep()];
    this.#bytes = event.bytes;
    this.#sequence = sequence ?? (isCurrent ? this.#sequence : undefined);
    this.#oldInARow = 0;
    this.#hasBegun = true;
    return isCurrent ? "current" : "diverged";
  }

  increment(event: EncodedEvent, payload: unknown): IncrementResult {
    if (!this.isCurrent) return "stale";
    const sequence = sequenceOf(payload);
    const order = orderOf(sequence, this.#sequence);
    if (order === "old") {
      if (++this.#oldInARow < RESTART_OLD_INCREMENTS) return order;
      this.invalidate();
      return "restarted";
    }
    this.#oldInARow = 0;
    this.#bytes += event.bytes;
    if (
      order === "gap" || this.#events.length > this.#maxIncrements || this.#bytes > this.#maxBytes
    ) {
      this.invalidate();
      return order === "gap" ? order : "overflow";
    }
    this.#events.push(event.keep());
    this.#sequence = sequence ?? this.#sequence;
    return "applied";
  }

  invalidate(): void {
    this.#events = [];
    this.#bytes = 0;
    this.#oldInARow = 0;
    this.#sequence = undefined;
  }

  events(): readonly EncodedEvent[] {
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
export class BookOrReplayState implements StreamState {
  readonly #book: OrderBookState;
  readonly #replay: ReplayState;
  #active: OrderBookState | ReplayState;

  constructor(book: OrderBookState, replay: ReplayState) {
    this.#book = book;
    this.#replay = replay;
    this.#active = book;
  }

  get isCurrent(): boolean {
    return this.#active.isCurrent;
  }

  get hasBegun(): boolean {
    return this.#book.hasBegun || this.#replay.hasBegun;
  }

  get divergedSnapshot(): EncodedEvent | undefined {
    return this.#active.divergedSnapshot;
  }

  snapshot(event: EncodedEvent, payload: unknown): SnapshotResult {
    const outcome = this.#book.snapshot(event, payload);
    if (outcome === "foreign") {
      if (this.#active === this.#book) this.#book.invalidate();
      this.#active = this.#replay;
      return this.#replay.snapshot(event, payload);
    }
    if (outcome === "unusable" || this.#active === this.#book) return outcome;
    // It can be read again. Whether subscribers are in step is what their increments say.
    const replayed = this.#replay.snapshot(event, payload);
    this.#replay.invalidate();
    this.#active = this.#book;
    return replayed;
  }

  increment(event: EncodedEvent, payload: unknown): IncrementResult {
    return this.#active.increment(event, payload);
  }

  invalidate(): void {
    this.#active.invalidate();
  }

  events(): readonly EncodedEvent[] {
    return this.#active.events();
  }
}

function sequenceOf(payload: unknown): number | undefined {
  const sequence = readSequence(payload);
  return sequence === "unusable" ? undefined : sequence;
}
