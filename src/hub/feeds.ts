import type { Registry } from "../streams/registry.ts";
import type { EncodedEvent } from "./envelope.ts";
import { type Feed, OrderBookFeed, ReplayFeed } from "./feed.ts";

/** A stream that comes as snapshots and increments. */
export interface FeedName {
  /** What is subscribed, without its ending: `usdbtc.ob`, `admin.usdbtc.ob`. */
  readonly base: string;
  /** What its snapshots are delivered under: `usdbtc.ob-snap`. */
  readonly snapshots: string;
  /** The public id it belongs to; `undefined` for prefixed streams. */
  readonly id: string | undefined;
}

/**
 * The states of all streams that have one. A state begins with its first snapshot.
 *
 * @example
 * ```ts
 * const feeds = new Feeds(peatioRegistry, 1000);
 * feeds.open({ base: "usdbtc.ob", snapshots: "usdbtc.ob-snap", id: "usdbtc" });
 * feeds.currentOf("usdbtc"); // what someone must be sent who holds the whole id
 * ```
 */
export class Feeds {
  readonly #registry: Registry;
  readonly #replay: number;
  readonly #feeds = new Map<string, Feed>();
  readonly #ofId = new Map<string, Feed[]>();

  /** @param replay increments kept of a stream that they cannot be applied to */
  constructor(registry: Registry, replay: number) {
    this.#registry = registry;
    this.#replay = replay;
  }

  /** How many there are, and of how many the state is not known. */
  get sizes(): { states: number; statesUnsure: number } {
    let statesUnsure = 0;
    for (const feed of this.#feeds.values()) if (!feed.live) statesUnsure++;
    return { states: this.#feeds.size, statesUnsure };
  }

  find(base: string): Feed | undefined {
    return this.#feeds.get(base);
  }

  /** The stream's state, made where there is none yet. */
  open({ base, snapshots, id }: FeedName): Feed {
    const known = this.#feeds.get(base);
    if (known) return known;
    const feed = this.#registry.find("public", snapshots)?.state === "order-book"
      ? new OrderBookFeed(snapshots)
      : new ReplayFeed(this.#replay);
    this.#feeds.set(base, feed);
    if (id !== undefined) {
      const others = this.#ofId.get(id);
      if (others) others.push(feed);
      else this.#ofId.set(id, [feed]);
    }
    return feed;
  }

  /** What someone must be sent who begins to follow this stream. */
  current(base: string): readonly EncodedEvent[] {
    return this.#feeds.get(base)?.current() ?? [];
  }

  /** The same for every public stream of an id. */
  currentOf(id: string): readonly EncodedEvent[] {
    return this.#ofId.get(id)?.flatMap((feed) => feed.current()) ?? [];
  }

  /** Something may have been lost of each of them. */
  doubtAll(): void {
    for (const feed of this.#feeds.values()) feed.doubt();
  }
}
