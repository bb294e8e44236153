import { EncodedEvent } from "./envelope.ts";
import { type IncrementOutcome, OrderBook, type SnapshotOutcome } from "./order_book.ts";
import { orderOf, readSequence } from "./sequence.ts";

/** What became of an increment, for the hub to act on. */
export type FeedIncrement = IncrementOutcome | "unsure" | "overflow";

/** The state of one stream that comes as snapshots and increments (protocol, section 6). */
export interface Feed {
  /** Whether the state is known; if not, increments wait for the next snapshot. */
  readonly live: boolean;
  /** Memory that it takes, estimated. */
  readonly bytes: number;
  /** Of that, what {@linkcode Feeds} has counted; `undefined` for a state that is not kept. */
  accounted: number | undefined;
  /** @returns "moved" when subscribers must be given this snapshot before they get increments */
  snapshot(event: EncodedEvent, payload: unknown): SnapshotOutcome;
  /** @returns "applied" when the increment may go to subscribers */
  increment(event: EncodedEvent, payload: unknown): FeedIncrement;
  /** Something may have been lost. */
  doubt(): void;
  /** What a late comer must be sent, in order; nothing while the state is not known. */
  current(): readonly EncodedEvent[];
}

const encoder = new TextEncoder();

/** Memory of one level: as measured, 205 bytes in the book, and its text in frames that are cached. */
const BYTES_PER_LEVEL = 300;

/** Memory of an event that is kept, besides its payload: objects and the ends of its frame. */
const BYTES_PER_EVENT = 300;

/** An order book, which the server knows how to apply increments to. */
export class OrderBookFeed implements Feed {
  readonly #name: string;
  readonly #levels: number;
  accounted: number | undefined = undefined;
  #book: OrderBook;
  #live = false;
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

  get bytes(): number {
    return this.#book.size * BYTES_PER_LEVEL;
  }

  snapshot(_event: EncodedEvent, payload: unknown): SnapshotOutcome {
    const outcome = this.#book.replace(payload);
    if (outcome === "unusable") return outcome;
    const wasLive = this.#live;
    this.#live = true;
    this.#current = undefined;
    return wasLive ? outcome : "moved";
  }

  increment(_event: EncodedEvent, payload: unknown): FeedIncrement {
    if (!this.#live) return "unsure";
    const outcome = this.#book.apply(payload);
    if (outcome === "applied") this.#current = undefined;
    else if (outcome !== "stale") this.doubt();
    return outcome;
  }

  doubt(): void {
    this.#live = false;
    this.#current = undefined;
    // Nothing of it counts any more, not even its sequence.
    this.#book = new OrderBook(this.#levels);
  }

  current(): readonly EncodedEvent[] {
    if (!this.#live) return [];
    return this.#current ??= [
      new EncodedEvent(this.#name, encoder.encode(JSON.stringify(this.#book))),
    ];
  }
}

/**
 * A state that the server cannot read: it is replayed as it was published. Of its payloads only a
 * `sequence` is understood, where they have one.
 */
export class ReplayFeed implements Feed {
  readonly #limit: number;
  readonly #maxBytes: number;
  accounted: number | undefined = undefined;
  #events: EncodedEvent[] = [];
  #bytes = 0;
  #sequence: number | undefined;

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

  get bytes(): number {
    // Once as published, once in the frame that late comers are sent.
    return 2 * this.#bytes + this.#events.length * BYTES_PER_EVENT;
  }

  snapshot(event: EncodedEvent, payload: unknown): SnapshotOutcome {
    const sequence = sequenceOf(payload);
    const inStep = this.live &&
      (sequence === undefined || this.#sequence === undefined || sequence === this.#sequence);
    this.#events = [event.keep()];
    this.#bytes = event.bytes;
    this.#sequence = sequence ?? (inStep ? this.#sequence : undefined);
    return inStep ? "in step" : "moved";
  }

  increment(event: EncodedEvent, payload: unknown): FeedIncrement {
    if (!this.live) return "unsure";
    const sequence = sequenceOf(payload);
    const order = orderOf(sequence, this.#sequence);
    if (order === "stale") return order;
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
    this.#sequence = undefined;
  }

  current(): readonly EncodedEvent[] {
    return this.#events;
  }
}

function sequenceOf(payload: unknown): number | undefined {
  const sequence = readSequence(payload);
  return sequence === "unusable" ? undefined : sequence;
}
