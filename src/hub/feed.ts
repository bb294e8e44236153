import { EncodedEvent } from "./envelope.ts";
import { type IncrementOutcome, OrderBook, type SnapshotOutcome } from "./order_book.ts";

/** What became of an increment, for the hub to act on. */
export type FeedIncrement = IncrementOutcome | "unsure" | "overflow";

/** The state of one stream that comes as snapshots and increments (protocol, section 6). */
export interface Feed {
  /** Whether the state is known; if not, increments wait for the next snapshot. */
  readonly live: boolean;
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

/** An order book, which the server knows how to apply increments to. */
export class OrderBookFeed implements Feed {
  readonly #name: string;
  readonly #book = new OrderBook();
  #live = false;
  /** The book as of now, until the next increment changes it. */
  #current: readonly EncodedEvent[] | undefined;

  /** @param name of the snapshots: `usdbtc.ob-snap` */
  constructor(name: string) {
    this.#name = name;
  }

  get live(): boolean {
    return this.#live;
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
  }

  current(): readonly EncodedEvent[] {
    if (!this.#live) return [];
    return this.#current ??= [
      new EncodedEvent(this.#name, encoder.encode(JSON.stringify(this.#book))),
    ];
  }
}

/** A state that the server cannot read: it is replayed as it was published. */
export class ReplayFeed implements Feed {
  readonly #limit: number;
  #events: EncodedEvent[] = [];

  /** @param limit increments kept after a snapshot */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get live(): boolean {
    return this.#events.length > 0;
  }

  snapshot(event: EncodedEvent): SnapshotOutcome {
    const wasLive = this.live;
    this.#events = [event];
    return wasLive ? "in step" : "moved";
  }

  increment(event: EncodedEvent): FeedIncrement {
    if (!this.live) return "unsure";
    if (this.#events.length > this.#limit) {
      this.doubt();
      return "overflow";
    }
    this.#events.push(event);
    return "applied";
  }

  doubt(): void {
    this.#events = [];
  }

  current(): readonly EncodedEvent[] {
    return this.#events;
  }
}
