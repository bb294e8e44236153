import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";
import type { Registry } from "../streams/registry.ts";
import type { HubCounters } from "./counters.ts";
import type { EncodedEvent } from "./envelope.ts";
import { BookOrReplayFeed, type Feed, OrderBookFeed, ReplayFeed } from "./stream_state.ts";

const log = getLogger(["ranger", "hub"]);

/** What the names of increments end in. */
export const INCREMENT = "-inc";

/** States that are looked at for one to let go of, when there are too many. */
const LOOKS = 64;

/** A stream that comes as snapshots and increments. */
export interface FeedName {
  /** What is subscribed, without its ending: `usdbtc.ob`, `admin.usdbtc.ob`. */
  readonly base: string;
  /** What its snapshots are delivered under: `usdbtc.ob-snap`. */
  readonly snapshots: string;
  /** The public id it belongs to; `undefined` for prefixed streams. */
  readonly id: string | undefined;
}

/** How many states there are. */
export interface FeedSizes {
  readonly states: number;
  /** Those that are not known until their next snapshot. */
  readonly statesUnsure: number;
}

/** What states may cost. */
export interface StateLimits {
  /** Increments kept of a stream that they cannot be applied to. */
  readonly replayIncrements: number;
  /** Bytes of the largest event there is. */
  readonly eventBytes: number;
  /** Streams of which the state is kept. */
  readonly states: number;
  /** Levels that a side of an order book may have. */
  readonly bookLevels: number;
}

/**
 * The states of all streams that have one. A state begins with its first snapshot. There are so
 * many and no more: the exchange chooses their names, and a flood of them must not fill the
 * memory, nor push out what somebody follows.
 *
 * @example
 * ```ts
 * const feeds = new Feeds(peatioRegistry, settings.streams, counters, ({ base }) => isHeld(base));
 * feeds.open({ base: "usdbtc.ob", snapshots: "usdbtc.ob-snap", id: "usdbtc" });
 * feeds.currentOf("usdbtc"); // what someone must be sent who holds the whole id
 * ```
 */
export class Feeds {
  readonly #registry: Registry;
  readonly #limits: StateLimits;
  readonly #counters: HubCounters;
  readonly #isHeld: (name: FeedName) => boolean;
  /** The one whose last snapshot is the oldest comes first. */
  readonly #feeds = new Map<string, { readonly name: FeedName; readonly feed: Feed }>();
  readonly #ofId = new Map<string, Set<Feed>>();
  readonly #rarely = new LogThrottle(60_000);

  /** @param isHeld whether somebody follows the stream: its state is kept then */
  constructor(
    registry: Registry,
    limits: StateLimits,
    counters: HubCounters,
    isHeld: (name: FeedName) => boolean,
  ) {
    this.#registry = registry;
    this.#limits = limits;
    this.#counters = counters;
    this.#isHeld = isHeld;
  }

  /** How many there are, and of how many the state is not known. */
  get sizes(): FeedSizes {
    let statesUnsure = 0;
    for (const { feed } of this.#feeds.values()) if (!feed.live) statesUnsure++;
    return { states: this.#feeds.size, statesUnsure };
  }

  find(base: string): Feed | undefined {
    return this.#feeds.get(base)?.feed;
  }

  /**
   * The stream's state, made where there is none yet; for its snapshots.
   *
   * @returns one that is forgotten at once where there are too many that somebody follows
   */
  open(name: FeedName): Feed {
    const { base, id } = name;
    const known = this.#feeds.get(base);
    if (known) {
      this.#feeds.delete(base);
      this.#feeds.set(base, known);
      return known.feed;
    }
    const feed = this.#make(name);
    if (this.#feeds.size >= this.#limits.states && !this.#makeRoom(base)) return feed;
    this.#feeds.set(base, { name, feed });
    if (id !== undefined) {
      const others = this.#ofId.get(id);
      if (others) others.add(feed);
      else this.#ofId.set(id, new Set([feed]));
    }
    return feed;
  }

  /** What someone must be sent who begins to follow this stream. */
  current(base: string): readonly EncodedEvent[] {
    return this.find(base)?.current() ?? [];
  }

  /** The same for every public stream of an id. */
  currentOf(id: string): readonly EncodedEvent[] {
    return [...this.#ofId.get(id) ?? []].flatMap((feed) => feed.current());
  }

  /** Something may have been lost of each of them. */
  doubtAll(): void {
    for (const { feed } of this.#feeds.values()) feed.doubt();
  }

  #make({ snapshots }: FeedName): Feed {
    const { bookLevels, replayIncrements, eventBytes } = this.#limits;
    const replayed = new ReplayFeed(replayIncrements, 2 * eventBytes);
    return this.#registry.find("public", snapshots)?.state === "order-book"
      ? new BookOrReplayFeed(new OrderBookFeed(snapshots, bookLevels), replayed)
      : replayed;
  }

  /** @returns whether there is room for one more */
  #makeRoom(base: string): boolean {
    const found = this.#leastWanted();
    if (found === undefined) this.#counters.statesTurnedAway++;
    else this.#forget(found);
    if (this.#rarely.allows("full")) {
      log.warn(
        "{base} comes when there are {states} states already (streams.states): some that nobody " +
          "follows are let go of, and late comers wait for their next snapshot. Does the exchange " +
          "publish under names without end?",
        { base, states: this.#limits.states },
      );
    }
    return found !== undefined;
  }

  #leastWanted(): FeedName | undefined {
    let looks = 0;
    for (const [base, entry] of this.#feeds) {
      if (!this.#isHeld(entry.name)) return entry.name;
      if (++looks >= LOOKS) return undefined;
      // Not again for a while.
      this.#feeds.delete(base);
      this.#feeds.set(base, entry);
    }
    return undefined;
  }

  #forget({ base, id }: FeedName): void {
    this.#counters.statesEvicted++;
    const feed = this.find(base)!;
    this.#feeds.delete(base);
    if (id === undefined) return;
    const others = this.#ofId.get(id)!;
    others.delete(feed);
    if (others.size === 0) this.#ofId.delete(id);
  }
}
