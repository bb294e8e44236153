import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";
import type { Registry } from "../streams/registry.ts";
import type { HubCounters } from "./counters.ts";
import type { EncodedEvent } from "./envelope.ts";
import {
  BookOrReplayState,
  OrderBookState,
  ReplayState,
  type StreamState,
} from "./stream_state.ts";

const log = getLogger(["ranger", "hub"]);

/** What the names of increments end in. */
export const INCREMENT = "-inc";

/** States that are looked at for one to let go of, when there are too many. */
const MAX_EVICTION_SCAN = 64;

/** A stream that comes as snapshots and increments. */
export interface StreamStateName {
  /** What is subscribed, without its ending: `usdbtc.ob`, `admin.usdbtc.ob`. */
  readonly base: string;
  /** What its snapshots are delivered under: `usdbtc.ob-snap`. */
  readonly snapshots: string;
  /** The public id it belongs to; `undefined` for prefixed streams. */
  readonly id: string | undefined;
}

/** How many states there are. */
export interface StateSizes {
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
export class StreamStates {
  readonly #registry: Registry;
  readonly #limits: StateLimits;
  readonly #counters: HubCounters;
  readonly #isSubscribed: (name: StreamStateName) => boolean;
  /** The one whose last snapshot is the oldest comes first. */
  readonly #states = new Map<
    string,
    { readonly name: StreamStateName; readonly feed: StreamState }
  >();
  readonly #ofId = new Map<string, Set<StreamState>>();
  readonly #throttle = new LogThrottle(60_000);

  /** @param isHeld whether somebody follows the stream: its state is kept then */
  constructor(
    registry: Registry,
    limits: StateLimits,
    counters: HubCounters,
    isHeld: (name: StreamStateName) => boolean,
  ) {
    this.#registry = registry;
    this.#limits = limits;
    this.#counters = counters;
    this.#isSubscribed = isHeld;
  }

  /** How many there are, and of how many the state is not known. */
  get sizes(): StateSizes {
    let statesUnsure = 0;
    for (const { feed } of this.#states.values()) if (!feed.isCurrent) statesUnsure++;
    return { states: this.#states.size, statesUnsure };
  }

  find(base: string): StreamState | undefined {
    return this.#states.get(base)?.feed;
  }

  /**
   * The stream's state, made where there is none yet; for its snapshots.
   *
   * @returns one that is forgotten at once where there are too many that somebody follows
   */
  open(name: StreamStateName): StreamState {
    const { base, id } = name;
    const known = this.#states.get(base);
    if (known) {
      this.#states.delete(base);
      this.#states.set(base, known);
      return known.feed;
    }
    const feed = this.#make(name);
    if (this.#states.size >= this.#limits.states && !this.#makeRoom(base)) return feed;
    this.#states.set(base, { name, feed });
    if (id !== undefined) {
      const others = this.#ofId.get(id);
      if (others) others.add(feed);
      else this.#ofId.set(id, new Set([feed]));
    }
    return feed;
  }

  /** What someone must be sent who begins to follow this stream. */
  eventsOf(base: string): readonly EncodedEvent[] {
    return this.find(base)?.events() ?? [];
  }

  /** The same for every public stream of an id. */
  eventsOfId(id: string): readonly EncodedEvent[] {
    return [...this.#ofId.get(id) ?? []].flatMap((feed) => feed.events());
  }

  /** Something may have been lost of each of them. */
  invalidateAll(): void {
    for (const { feed } of this.#states.values()) feed.invalidate();
  }

  #make({ snapshots }: StreamStateName): StreamState {
    const { bookLevels, replayIncrements, eventBytes } = this.#limits;
    const replayed = new ReplayState(replayIncrements, 2 * eventBytes);
    return this.#registry.find("public", snapshots)?.state === "order-book"
      ? new BookOrReplayState(new OrderBookState(snapshots, bookLevels), replayed)
      : replayed;
  }

  /** @returns whether there is room for one more */
  #makeRoom(base: string): boolean {
    const found = this.#findEvictable();
    if (found === undefined) this.#counters.statesTurnedAway++;
    else this.#evict(found);
    if (this.#throttle.allows("full")) {
      log.warn(
        "{base} comes when there are {states} states already (streams.states): some that nobody " +
          "follows are let go of, and late comers wait for their next snapshot. Does the exchange " +
          "publish under names without end?",
        { base, states: this.#limits.states },
      );
    }
    return found !== undefined;
  }

  #findEvictable(): StreamStateName | undefined {
    let looks = 0;
    for (const [base, entry] of this.#states) {
      if (!this.#isSubscribed(entry.name)) return entry.name;
      if (++looks >= MAX_EVICTION_SCAN) return undefined;
      // Not again for a while.
      this.#states.delete(base);
      this.#states.set(base, entry);
    }
    return undefined;
  }

  #evict({ base, id }: StreamStateName): void {
    this.#counters.statesEvicted++;
    const feed = this.find(base)!;
    this.#states.delete(base);
    if (id === undefined) return;
    const others = this.#ofId.get(id)!;
    others.delete(feed);
    if (others.size === 0) this.#ofId.delete(id);
  }
}
