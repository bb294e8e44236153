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

/** Number of states scanned when choosing one to evict. */
const MAX_EVICTION_SCAN = 64;

/** The names of a stream that has a state. */
export interface StreamStateName {
  /** What clients subscribe to, without `-snap` or `-inc`: `usdbtc.ob`, `admin.usdbtc.ob`. */
  readonly base: string;
  /** The name that clients receive snapshots under: `usdbtc.ob-snap`. */
  readonly snapshots: string;
  /** The public id that it belongs to; `undefined` for prefixed streams. */
  readonly id: string | undefined;
}

/** The number of states. */
export interface StateSizes {
  readonly states: number;
  /** States that are stale until their next snapshot. */
  readonly statesUnsure: number;
  /** Streams whose increments arrive, and of which no snapshot has: they have no state yet. */
  readonly statesWaiting: number;
}

/** Bounds of the states' memory. */
export interface StateLimits {
  /** Increments kept after the snapshot of a stream that is replay. */
  readonly replayIncrements: number;
  /** Bytes of the largest event accepted. */
  readonly eventBytes: number;
  /** Number of streams whose state is kept. */
  readonly states: number;
  /** Bytes of all states together, estimated. */
  readonly stateBytes: number;
  /** Levels per side of an order book. */
  readonly bookLevels: number;
}

interface Entry {
  readonly name: StreamStateName;
  readonly state: StreamState;
}

/**
 * The states of all streams that have one. A state begins with its first snapshot. Their number is
 * and their memory are limited because the exchange chooses names and sizes; states with subscribers
 * are not evicted in favour of others.
 *
 * @example
 * ```ts
 * declare const states: StreamStates;
 * states.open({ base: "usdbtc.ob", snapshots: "usdbtc.ob-snap", id: "usdbtc" });
 * states.eventsOfId("usdbtc"); // for a new subscriber of the whole id
 * ```
 */
export class StreamStates {
  readonly #registry: Registry;
  readonly #limits: StateLimits;
  readonly #counters: HubCounters;
  readonly #isSubscribed: (name: StreamStateName) => boolean;
  /** In the order of their last snapshots, the oldest first. */
  readonly #states = new Map<string, Entry>();
  /** Streams with increments and without a state, the latest last. */
  readonly #waiting = new Set<string>();
  readonly #ofId = new Map<string, Set<StreamState>>();
  #bytes = 0;
  readonly #throttle = new LogThrottle(60_000);

  /** @param isSubscribed whether the stream has subscribers, so that its state is kept */
  constructor(
    registry: Registry,
    limits: StateLimits,
    counters: HubCounters,
    isSubscribed: (name: StreamStateName) => boolean,
  ) {
    this.#registry = registry;
    this.#limits = limits;
    this.#counters = counters;
    this.#isSubscribed = isSubscribed;
  }

  /** The number of states, of those that are stale, and of streams that wait for a first snapshot. */
  get sizes(): StateSizes {
    let statesUnsure = 0;
    for (const { state } of this.#states.values()) if (!state.isCurrent) statesUnsure++;
    return { states: this.#states.size, statesUnsure, statesWaiting: this.#waiting.size };
  }

  /** Estimated memory of all states. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The state of a stream that has had a snapshot. */
  find(base: string): StreamState | undefined {
    return this.#states.get(base)?.state;
  }

  /**
   * The state that a snapshot belongs to, created if there is none yet.
   *
   * @returns a state that is not kept when there are too many states with subscribers
   */
  open(name: StreamStateName): StreamState {
    const { base, id } = name;
    this.#waiting.delete(base);
    const known = this.#states.get(base);
    if (known) {
      this.#states.delete(base);
      this.#states.set(base, known);
      return known.state;
    }
    const state = this.#create(name);
    if (this.#states.size >= this.#limits.states && !this.#makeRoom(base)) return state;
    this.#states.set(base, { name, state });
    state.accounted = 0;
    if (id !== undefined) {
      const others = this.#ofId.get(id);
      if (others) others.add(state);
      else this.#ofId.set(id, new Set([state]));
    }
    return state;
  }

  /** Notes a stream whose increments arrive while it has no state. */
  awaitFirstSnapshot(base: string): void {
    if (this.#waiting.has(base)) return;
    this.#waiting.add(base);
    // Names are bounded as states are, because the exchange chooses them.
    if (this.#waiting.size > this.#limits.states) {
      for (const oldest of this.#waiting) return void this.#waiting.delete(oldest);
    }
  }

  /**
   * Counts the memory of a state; to be called after each of its events. Above the limit states
   * without subscribers are evicted, or the state itself if there are none.
   */
  account(base: string, state: StreamState): void {
    if (state.accounted === undefined) return;
    const { bytes } = state;
    this.#bytes += bytes - state.accounted;
    state.accounted = bytes;
    while (this.#bytes > this.#limits.stateBytes && this.#states.size > 0) {
      if (this.#makeRoom(base)) continue;
      const own = this.#states.get(base);
      return own && this.#evict(own.name);
    }
  }

  /** The events that a new subscriber of this stream must be sent. */
  eventsOf(base: string): readonly EncodedEvent[] {
    return this.find(base)?.events() ?? [];
  }

  /** The events that a new subscriber of all public streams of an id must be sent. */
  eventsOfId(id: string): readonly EncodedEvent[] {
    return [...this.#ofId.get(id) ?? []].flatMap((state) => state.events());
  }

  /** The names of the states of an id that are stale. */
  *staleOfId(id: string): Generator<string> {
    // Few streams have a state, and this is for new subscribers only.
    for (const { name, state } of this.#states.values()) {
      if (name.id === id && !state.isCurrent) yield name.base;
    }
  }

  /** The names of all states that are current. */
  *current(): Generator<StreamStateName> {
    for (const { name, state } of this.#states.values()) if (state.isCurrent) yield name;
  }

  /** Whether a new subscriber of this stream must be sent something. Costs no encoding. */
  hasEventsOf(base: string): boolean {
    return this.find(base)?.isCurrent ?? false;
  }

  /** Whether a new subscriber of all public streams of an id must be sent something. */
  hasEventsOfId(id: string): boolean {
    for (const state of this.#ofId.get(id) ?? []) if (state.isCurrent) return true;
    return false;
  }

  /** Makes all states stale, because events may have been lost. */
  invalidateAll(): void {
    for (const { state } of this.#states.values()) {
      state.invalidate();
      state.accounted = 0;
    }
    this.#bytes = 0;
  }

  #create({ snapshots }: StreamStateName): StreamState {
    const { bookLevels, replayIncrements, eventBytes } = this.#limits;
    const replay = new ReplayState(replayIncrements, 2 * eventBytes);
    return this.#registry.find("public", snapshots)?.state === "order-book"
      ? new BookOrReplayState(new OrderBookState(snapshots, bookLevels), replay)
      : replay;
  }

  /** Evicts a state. @returns whether there is room for another one */
  #makeRoom(base: string): boolean {
    const found = this.#chooseForEviction();
    if (found === undefined || found.base === base) this.#counters.statesTurnedAway++;
    else this.#counters.statesEvicted++;
    if (found) this.#evict(found);
    if (this.#throttle.allows("full")) {
      log.warn(
        "The state of {base} exceeds a limit (streams.states, streams.state_bytes), with {states} " +
          "states of {bytes} bytes: states without subscribers are evicted, and new subscribers wait " +
          "for their next snapshot. Check whether the exchange publishes under an unbounded number " +
          "of names.",
        { base, states: this.#states.size, bytes: this.#bytes },
      );
    }
    return found !== undefined;
  }

  #chooseForEviction(): StreamStateName | undefined {
    let scanned = 0;
    for (const [base, entry] of this.#states) {
      if (!this.#isSubscribed(entry.name)) return entry.name;
      if (++scanned >= MAX_EVICTION_SCAN) return undefined;
      // To the end, so that the next scan begins with others.
      this.#states.delete(base);
      this.#states.set(base, entry);
    }
    return undefined;
  }

  #evict({ base, id }: StreamStateName): void {
    const state = this.find(base)!;
    this.#states.delete(base);
    this.#bytes -= state.accounted ?? 0;
    state.accounted = undefined;
    if (id === undefined) return;
    const others = this.#ofId.get(id)!;
    others.delete(state);
    if (others.size === 0) this.#ofId.delete(id);
  }
}
