import { EncodedEvent } from "./envelope.ts";
import {
  type IncrementOutcome,
  OrderBook,
  type SnapshotOutcome as BookSnapshotOutcome,
} from "./order_book.ts";
import { orderOf, readSequence, RESTART_OLD_INCREMENTS } from "./sequence.ts";

/** The result of a snapshot, for the hub to act on. */
export type SnapshotResult = Exclude<BookSnapshotOutcome, "foreign">;

/** The result of an increment, for the hub to act on. */
export type IncrementResult =
  | IncrementOutcome
  /** The state is stale: it waits for the next snapshot. */
  | "stale"
  /** The last of several old increments in a row: the exchange has restarted its sequence. */
  | "restarted";

/** The state of one stream that comes as snapshots and increments (protocol, section 6). */
export interface StreamState {
  /** Whether the state is current; if it is stale, increments are dropped until a snapshot comes. */
  readonly isCurrent: boolean;
  /** Whether there has been a usable snapshot. */
  readonly hasBegun: boolean;
  /** Estimated memory in bytes. */
  readonly bytes: number;
  /** The part that {@linkcode StreamStates} has counted; `undefined` for a state that is not kept. */
  accounted: number | undefined;
  /** @returns "diverged" if subscribers must be sent this snapshot before further increments */
  snapshot(event: EncodedEvent, payload: unknown): SnapshotResult;
  /**
   * @returns "applied" if subscribers must be sent the increment, "diverged" if they must be sent
   * {@linkcode StreamState.divergedSnapshot} before it
   */
  increment(event: EncodedEvent, payload: unknown): IncrementResult;
  /** The order book; `undefined` while the state is stale, and for states of another form. */
  readonly book: OrderBook | undefined;
  /** The snapshot to send before a "diverged" increment; valid until the next event. */
  readonly divergedSnapshot: EncodedEvent | undefined;
  /** Makes the state stale, because events may have been lost. */
  invalidate(): void;
  /** The events that a new subscriber must be sent, in order; none while the state is stale. */
  events(): readonly EncodedEvent[];
}

const encoder = new TextEncoder();

/** Memory of one level: as measured, 205 bytes in the book, and its text in frames that are cached. */
const BYTES_PER_LEVEL = 300;

/** Memory of an event that is kept, besides its payload: objects and the ends of its frame. */
const BYTES_PER_EVENT = 300;

/**
 * The state of an order book, which increments are applied to. As part of
 * {@linkcode BookOrReplayState} it is a {@linkcode StreamState}.
 */
export class OrderBookState {
  readonly #name: string;
  readonly #maxLevels: number;
  #book: OrderBook;
  #isCurrent = false;
  #hasBegun = false;
  #divergedSnapshot: EncodedEvent | undefined;
  /** Consecutive old increments. */
  #oldInARow = 0;
  /** The encoded book, until the next increment changes it. */
  #events: readonly EncodedEvent[] | undefined;

  /**
   * @param name of the snapshots: `usdbtc.ob-snap`
   * @param levels the maximum per side
   */
  constructor(name: string, levels: number) {
    this.#name = name;
    this.#maxLevels = levels;
    this.#book = new OrderBook(levels);
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  get bytes(): number {
    return this.#book.size * BYTES_PER_LEVEL;
  }

  get book(): OrderBook | undefined {
    return this.#isCurrent ? this.#book : undefined;
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
    // A book without a sequence takes it from a snapshot that agrees with it.
    if (outcome === "diverged" || sequence !== this.#book.sequence) this.#events = undefined;
    if (outcome === "current" && this.#isCurrent) return outcome;
    event.book = this.#book;
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
    event.book = this.#book;
    this.#oldInARow = 0;
    this.#events = undefined;
    return outcome;
  }

  invalidate(): void {
    this.#isCurrent = false;
    this.#events = undefined;
    this.#divergedSnapshot = undefined;
    this.#oldInARow = 0;
    // Neither its levels nor its sequence are valid any more.
    this.#book = new OrderBook(this.#maxLevels);
  }

  events(): readonly EncodedEvent[] {
    if (!this.#isCurrent) return [];
    return this.#events ??= [this.#encode()];
  }

  #encode(): EncodedEvent {
    const event = new EncodedEvent(this.#name, encoder.encode(JSON.stringify(this.#book)));
    event.book = this.#book;
    return event;
  }

  #countOld(): IncrementResult {
    if (++this.#oldInARow < RESTART_OLD_INCREMENTS) return "old";
    this.invalidate();
    return "restarted";
  }
}

/**
 * A state of an unknown form: the last snapshot and the increments since are replayed as published.
 * Of their payloads only the `sequence` is read, if there is one.
 */
export class ReplayState implements StreamState {
  accounted: number | undefined = undefined;
  readonly #maxIncrements: number;
  readonly #maxBytes: number;
  #events: EncodedEvent[] = [];
  #bytes = 0;
  #hasBegun = false;
  /** Consecutive old increments. */
  #oldInARow = 0;
  #sequence: number | undefined;
  readonly divergedSnapshot = undefined;
  readonly book = undefined;

  /**
   * @param limit the maximum number of increments after a snapshot
   * @param maxBytes of the snapshot and its increments
   */
  constructor(limit: number, maxBytes: number) {
    this.#maxIncrements = limit;
    this.#maxBytes = maxBytes;
  }

  get isCurrent(): boolean {
    return this.#events.length > 0;
  }

  get bytes(): number {
    // Once as published, once in the frame that new subscribers are sent.
    return 2 * this.#bytes + this.#events.length * BYTES_PER_EVENT;
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
 * applied to, it is replayed like a state of an unknown form.
 *
 * @example
 * ```ts
 * const book = new OrderBookState("usdbtc.ob-snap", 10_000);
 * const state = new BookOrReplayState(book, new ReplayState(1000, 1 << 20));
 * ```
 */
export class BookOrReplayState implements StreamState {
  accounted: number | undefined = undefined;
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

  get bytes(): number {
    return this.#active.bytes;
  }

  get hasBegun(): boolean {
    return this.#book.hasBegun || this.#replay.hasBegun;
  }

  get divergedSnapshot(): EncodedEvent | undefined {
    return this.#active.divergedSnapshot;
  }

  get book(): OrderBook | undefined {
    return this.#active.book;
  }

  snapshot(event: EncodedEvent, payload: unknown): SnapshotResult {
    const outcome = this.#book.snapshot(event, payload);
    if (outcome === "foreign") {
      if (this.#active === this.#book) this.#book.invalidate();
      this.#active = this.#replay;
      return this.#replay.snapshot(event, payload);
    }
    if (outcome === "unusable" || this.#active === this.#book) return outcome;
    // The book can be read again. The replayed sequence shows whether subscribers are current.
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
