/** Streams that are made from the order books (protocol, section 11). */
import { DEPTHS } from "../streams/peatio.ts";
import { EncodedEvent } from "./envelope.ts";
import type { OrderBook } from "./order_book.ts";

/** What derived streams need. */
export interface DerivedStreamsOptions {
  /** Shared and mutable: read at every use. */
  readonly limits: {
    /** Milliseconds between two values of a depth stream, at least. */
    readonly depthInterval: number;
  };
  /** The current book of a state (`usdbtc.ob`); `undefined` while it is stale or unknown. */
  book(base: string): OrderBook | undefined;
  /** Sends an event to the subscribers of its stream. */
  send(name: string, event: EncodedEvent, age: number): void;
}

/** `usdbtc.depth-20`, `usdbtc.bbo` */
const DERIVED = new RegExp(`^([^.]+)\\.(?:depth-(${DEPTHS.join("|")})|bbo)$`);

const MAX_PUBLISHED = 20_000;

const encoder = new TextEncoder();

/**
 * The best levels of each order book, derived while somebody subscribes to them: `<id>.depth-<n>` at
 * most every `streams.depth_interval`, `<id>.bbo` at each change of the best ask or bid. Each value is
 * encoded once, and is the whole value. A name that the exchange publishes itself is not derived.
 *
 * @example
 * ```ts
 * declare const options: DerivedStreamsOptions;
 * const derived = new DerivedStreams(options);
 * derived.opened("usdbtc.bbo"); // the first subscriber
 * derived.changed("usdbtc.ob", 0); // an increment was applied
 * ```
 */
export class DerivedStreams {
  readonly #options: DerivedStreamsOptions;
  readonly #byName = new Map<string, DerivedStream>();
  readonly #byBase = new Map<string, Set<DerivedStream>>();
  /** Names that the exchange publishes. */
  readonly #published = new Set<string>();

  constructor(options: DerivedStreamsOptions) {
    this.#options = options;
  }

  /** Streams that are derived now. */
  get size(): number {
    return this.#byName.size;
  }

  /** A name has its first subscriber. */
  opened(name: string): void {
    const [, id, depth] = DERIVED.exec(name) ?? [];
    if (id === undefined || this.#published.has(name)) return;
    const base = `${id}.ob`;
    const stream = new DerivedStream(name, base, depth === undefined ? undefined : Number(depth));
    this.#byName.set(name, stream);
    const siblings = this.#byBase.get(base);
    if (siblings) siblings.add(stream);
    else this.#byBase.set(base, new Set([stream]));
    // What changes from here on is sent; the present value is each new subscriber's first event.
    const book = this.#options.book(base);
    if (book) stream.take(book);
  }

  /** A name has lost its last subscriber. */
  closed(name: string): void {
    const stream = this.#byName.get(name);
    if (!stream) return;
    this.#byName.delete(name);
    clearTimeout(stream.timer);
    const siblings = this.#byBase.get(stream.base)!;
    siblings.delete(stream);
    if (siblings.size === 0) this.#byBase.delete(stream.base);
  }

  /** The exchange publishes this stream itself. */
  published(name: string): void {
    if (!DERIVED.test(name)) return;
    // An exchange has fewer markets; one with names without end must not fill the memory.
    if (this.#published.size >= MAX_PUBLISHED) this.#published.clear();
    this.#published.add(name);
    this.closed(name);
  }

  /** A book has changed. */
  changed(base: string, age: number): void {
    const streams = this.#byBase.get(base);
    if (!streams) return;
    const book = this.#options.book(base);
    if (!book) return;
    for (const stream of streams) {
      if (stream.depth === undefined) this.#send(stream, book, age);
      else this.#sendInTime(stream, book, age);
    }
  }

  /** Whether there is a current value. */
  hasCurrent(name: string): boolean {
    const stream = this.#byName.get(name) ?? this.#unopened(name);
    return stream !== undefined && this.#options.book(stream.base) !== undefined;
  }

  /** The current value, for a new subscriber; `undefined` while the book is stale, and for other names. */
  current(name: string): EncodedEvent | undefined {
    const stream = this.#byName.get(name) ?? this.#unopened(name);
    const book = stream && this.#options.book(stream.base);
    if (!book) return undefined;
    return stream.current(book);
  }

  /** For a first subscriber, whose state is sent before its subscription counts. */
  #unopened(name: string): DerivedStream | undefined {
    const [, id, depth] = DERIVED.exec(name) ?? [];
    if (id === undefined || this.#published.has(name)) return undefined;
    return new DerivedStream(name, `${id}.ob`, depth === undefined ? undefined : Number(depth));
  }

  #sendInTime(stream: DerivedStream, book: OrderBook, age: number): void {
    if (stream.timer !== undefined) return;
    const wait = stream.sentAt + this.#options.limits.depthInterval - performance.now();
    if (wait <= 0) return this.#send(stream, book, age);
    stream.timer = setTimeout(() => {
      stream.timer = undefined;
      const current = this.#options.book(stream.base);
      if (current) this.#send(stream, current, 0);
    }, wait);
  }

  #send(stream: DerivedStream, book: OrderBook, age: number): void {
    const event = stream.take(book);
    if (event === undefined) return;
    stream.sentAt = performance.now();
    this.#options.send(stream.name, event, age);
  }
}

class DerivedStream {
  readonly name: string;
  readonly base: string;
  /** Levels per side; `undefined` for the best ask and bid. */
  readonly depth: number | undefined;
  /** When a value was last sent. */
  sentAt = -Infinity;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The JSON of the levels last sent, without the sequence. */
  #levels = "";
  #event: EncodedEvent | undefined;

  constructor(name: string, base: string, depth: number | undefined) {
    this.name = name;
    this.base = base;
    this.depth = depth;
  }

  /** @returns the book's value if it differs from the one before */
  take(book: OrderBook): EncodedEvent | undefined {
    const levels = this.#levelsOf(book);
    if (levels === this.#levels) return undefined;
    this.#levels = levels;
    return this.#event = this.#encode(levels, book);
  }

  /** The value as of now, which may be newer than the one last sent. */
  current(book: OrderBook): EncodedEvent {
    const levels = this.#levelsOf(book);
    return levels === this.#levels ? this.#event! : this.#encode(levels, book);
  }

  #levelsOf(book: OrderBook): string {
    if (this.depth !== undefined) {
      const { asks, bids } = book.top(this.depth);
      return `"asks":${JSON.stringify(asks)},"bids":${JSON.stringify(bids)}`;
    }
    const { asks: [ask = null], bids: [bid = null] } = book.top(1);
    return `"ask":${JSON.stringify(ask)},"bid":${JSON.stringify(bid)}`;
  }

  #encode(levels: string, { sequence }: OrderBook): EncodedEvent {
    const tail = sequence === undefined ? "" : `,"sequence":${sequence}`;
    return new EncodedEvent(this.name, encoder.encode(`{${levels}${tail}}`));
  }
}
