import { getLogger } from "@logtape/logtape";
import type { EventSink } from "../source/source.ts";
import { NOT_JSON } from "../streams/payload.ts";
import type { Registry } from "../streams/registry.ts";
import { parseRoutingKey, type Route } from "../streams/routing_key.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import { Audiences, NOBODY } from "./audiences.ts";
import { HubCounters, type ScopeCounters } from "./counters.ts";
import { Directory } from "./directory.ts";
import { EncodedEvent } from "./envelope.ts";
import type { FeedIncrement } from "./stream_state.ts";
import { type FeedName, Feeds, INCREMENT, type StateLimits } from "./stream_states.ts";
import type { LogOptions } from "../delivery/shared_log.ts";
import { Greetings } from "./initial_states.ts";
import { Inspector } from "./payload_validator.ts";
import type { Audience, Subscriber } from "./subscriber.ts";

const log = getLogger(["ranger", "hub"]);

const SNAPSHOT = "-snap";

/** What the hub needs to know of the settings. */
export interface HubOptions extends StateLimits, LogOptions {
  readonly registry: Registry;
  /** `strict`: only registered streams with payloads that fit their type. */
  readonly mode: "open" | "strict";
}

/** How much the hub holds. */
export interface HubSizes {
  /** Names that somebody holds. */
  readonly streams: number;
  /** The same, each as many times as it is held. */
  readonly subscriptions: number;
  /** Users that are connected. */
  readonly users: number;
  /** Streams with a state, and those of which it is not known. */
  readonly states: number;
  readonly statesUnsure: number;
}

/** An event on its way to those who hold its stream. */
interface PublicEvent {
  readonly route: Exclude<Route, { scope: "private" }>;
  /** What is subscribed to get it. */
  readonly stream: string;
  /** Those who hold the stream by its name. */
  readonly byName: ReadonlySet<Audience>;
  /** Those who hold the whole id. */
  readonly byId: ReadonlySet<Audience>;
  readonly counts: ScopeCounters;
  /** Milliseconds since it was published. */
  readonly age: number;
}

/**
 * Who gets what: takes the source's events, and owes them to the subscribers of their streams.
 *
 * @example
 * ```ts
 * const hub = new Hub({ registry: peatioRegistry, flusher, limits, ...settings.streams });
 * hub.subscribe(subscriber, ["usdbtc.ob-inc"]);
 * hub.greet(subscriber, ["usdbtc.ob-inc"]); // the order book as of now
 * hub.deliver("public.usdbtc.ob-inc", body, 0); // and what changes
 * ```
 */
export class Hub implements EventSink {
  readonly counters: HubCounters = new HubCounters();
  /**
   * Whether `global.<id>.<event>` is for roles, like any other prefix. Shared and mutable on
   * purpose: a reload of the settings sets it.
   */
  globalIsPrefix = false;
  readonly #options: HubOptions;
  readonly #feeds: Feeds;
  readonly #greetings: Greetings;
  /**
   * By the full name subscribed, `usdbtc.trades`, `admin.usdbtc.trades`, or the bare word for every
   * public stream of that id.
   */
  readonly #audiences: Audiences;
  /** Authenticated subscribers by uid. */
  readonly #users = new Directory();
  readonly #inspector: Inspector;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#audiences = new Audiences(options);
    this.#inspector = new Inspector(options.registry, options.mode, this.counters);
    this.#feeds = new Feeds(
      options.registry,
      options,
      this.counters,
      (name) => this.#isFollowed(name),
    );
    this.#greetings = new Greetings(this.#feeds, this.#audiences);
  }

  /** Takes one event from the source (see {@linkcode EventSink}). */
  deliver(routingKey: string, body: Uint8Array, age = 0): void {
    this.counters.received++;
    const route = parseRoutingKey(routingKey, this.globalIsPrefix);
    if (!route) {
      this.counters.malformedKeys++;
      this.#inspector.complain(
        "key",
        routingKey,
        "Dropped an event: {routingKey} is no routing key.",
      );
    } else if (body.length > this.#options.eventBytes) {
      this.#dropLarge(routingKey, route);
    } else if (route.scope === "private") {
      this.#deliverPrivate(routingKey, route, body, age);
    } else {
      this.#deliverPublic(routingKey, route, body, age);
    }
  }

  /** Every state is unsure until its next snapshot. */
  interrupted(): void {
    this.#feeds.doubtAll();
  }

  /** Whether a stream may be subscribed at all, whoever asks. */
  knows(name: string): boolean {
    if (!this.#inspector.isStrict) return true;
    const stream = parseStreamName(name);
    if (stream.form === "other") return false;
    if (stream.form === "bare") return true;
    return this.#options.registry.find("public", `${stream.id}.${stream.event}`) !== undefined;
  }

  /** From here on the subscriber gets the streams' events. */
  subscribe(subscriber: Subscriber, names: readonly string[]): void {
    for (const name of names) subscriber.streams.add(name);
    this.#audiences.follow(subscriber, names);
  }

  /** Not any more. */
  unsubscribe(subscriber: Subscriber, names: readonly string[]): void {
    for (const name of names) subscriber.streams.delete(name);
    this.#audiences.leave(subscriber, names);
    this.#greetings.forget(subscriber, names);
  }

  /** Owes a new subscriber the current state of the streams that have one. */
  greet(subscriber: Subscriber, names: readonly string[]): void {
    this.#greetings.greet(subscriber, names);
  }

  /** There is room again for those states that there was none for. */
  greetOn(subscriber: Subscriber): void {
    this.#greetings.greetOn(subscriber);
  }

  /** Whose private events a subscriber gets; `undefined` for nobody's. */
  identify(subscriber: Subscriber, uid: string | undefined): void {
    if (subscriber.uid === uid) return;
    if (subscriber.uid !== undefined) this.#users.remove(subscriber.uid, subscriber);
    subscriber.uid = uid;
    if (uid !== undefined) this.#users.add(uid, subscriber);
  }

  /** Forgets a subscriber. */
  remove(subscriber: Subscriber): void {
    this.identify(subscriber, undefined);
    this.#audiences.remove(subscriber);
    subscriber.streams.clear();
    subscriber.ungreeted = undefined;
  }

  /** Sizes of what the hub holds now. */
  get sizes(): HubSizes {
    return {
      streams: this.#audiences.size,
      subscriptions: this.#audiences.entries,
      users: this.#users.size,
      ...this.#feeds.sizes,
    };
  }

  /** Subscribers that authenticated. */
  get authenticated(): number {
    return this.#users.entries;
  }

  /** Every stream that somebody holds, by the name subscribed, and by how many it is held. */
  streams(): Generator<readonly [name: string, subscribers: number]> {
    return this.#audiences.sizes();
  }

  #isFollowed({ base, id }: FeedName): boolean {
    return this.#audiences.of(base + INCREMENT).size > 0 ||
      (id !== undefined && this.#audiences.of(id).size > 0);
  }

  #dropLarge(routingKey: string, route: Route): void {
    this.counters.scopes[route.scope].tooLarge++;
    const message = "Dropped an event of {routingKey}: it is larger than streams.event_bytes.";
    this.#inspector.complain("large", routingKey, message);
    if (route.scope === "private" || !route.event.endsWith(INCREMENT)) return;
    const stream = route.scope === "public" ? route.name : route.subscription;
    this.#feeds.find(stream.slice(0, -INCREMENT.length))?.doubt();
  }

  #deliverPrivate(
    routingKey: string,
    { uid, event }: Extract<Route, { scope: "private" }>,
    body: Uint8Array,
    age: number,
  ): void {
    const counts = this.counters.scopes.private;
    const users = this.#users.under(uid);
    if (users.size === 0 && !this.#inspector.isStrict) return this.#count(counts, 0);
    const inspected = { routingKey, scope: "private", name: event } as const;
    if (this.#inspector.read(inspected, body, false) === NOT_JSON) return;
    const encoded = new EncodedEvent(event, body);
    let reached = 0;
    for (const subscriber of users) {
      if (!subscriber.streams.has(event)) continue;
      subscriber.sendUrgent(encoded, age);
      reached++;
    }
    this.#count(counts, reached);
  }

  #deliverPublic(
    routingKey: string,
    route: PublicEvent["route"],
    body: Uint8Array,
    age: number,
  ): void {
    const isPublic = route.scope === "public";
    const stream = isPublic ? route.name : route.subscription;
    const counts = this.counters.scopes[route.scope];
    const event: PublicEvent = {
      route,
      stream,
      byName: this.#audiences.of(stream),
      byId: isPublic ? this.#audiences.of(route.id) : NOBODY,
      counts,
      age,
    };
    const isSnapshot = stream.endsWith(SNAPSHOT);
    const isIncrement = stream.endsWith(INCREMENT);
    const isState = isSnapshot || isIncrement;
    // Nobody holds it and it changes no state: it is not worth a look, unless all is looked at.
    if (event.byName.size + event.byId.size === 0 && !isState && !this.#inspector.isStrict) {
      return this.#count(counts, 0);
    }
    const inspected = { routingKey, scope: route.scope, name: route.name };
    const payload = this.#inspector.read(inspected, body, isState);
    if (payload === NOT_JSON) {
      // An increment lost is an increment lost, whatever was wrong with it.
      if (isIncrement) this.#feeds.find(stream.slice(0, -INCREMENT.length))?.doubt();
      return;
    }
    const encoded = new EncodedEvent(route.name, body);
    if (isSnapshot) this.#takeSnapshot(event, encoded, payload);
    else if (isIncrement) this.#takeIncrement(event, encoded, payload);
    else this.#count(counts, this.#fanOut(event, encoded));
  }

  #takeSnapshot(event: PublicEvent, encoded: EncodedEvent, payload: unknown): void {
    const { route, stream, byName, byId } = event;
    const base = stream.slice(0, -SNAPSHOT.length);
    const feed = this.#feeds.open({
      base,
      snapshots: route.name,
      id: route.scope === "public" ? route.id : undefined,
    });
    const { begun } = feed;
    const outcome = feed.snapshot(encoded, payload);
    let reached = this.#fanOut(event, encoded);
    if (outcome === "unusable") {
      // What is known from the increments is not wrong by that.
      this.#inspector.complain(
        "snapshot",
        stream,
        "Cannot read a snapshot of {routingKey}: it is of no known form, or above streams.book_levels.",
      );
    } else if (outcome === "diverged") {
      // Holders of the snapshots as well have just been sent it.
      const others = this.#audiences.of(base + INCREMENT).difference(byName).difference(byId);
      const offered = this.#offer(others, encoded, event.age);
      // The first snapshot of a stream is not a resync.
      if (offered > 0 && begun) this.counters.resyncs++;
      reached += offered;
    }
    this.#count(event.counts, reached);
  }

  /** Sends a state that subscribers need before they can go on. @returns to how many */
  #offer(audiences: ReadonlySet<Audience>, encoded: EncodedEvent, age: number): number {
    let reached = 0;
    for (const audience of audiences) {
      reached += audience.size;
      audience.offer(encoded, age);
    }
    return reached;
  }

  #takeIncrement(event: PublicEvent, encoded: EncodedEvent, payload: unknown): void {
    const feed = this.#feeds.find(event.stream.slice(0, -INCREMENT.length));
    const outcome = feed?.increment(encoded, payload) ?? "unsure";
    const { counts } = event;
    if (outcome === "applied") this.#count(counts, this.#fanOut(event, encoded));
    else if (outcome === "diverged") this.#resync(event, feed!.base!, encoded);
    else if (outcome === "stale") counts.incrementsStale++;
    else if (outcome === "unsure") counts.incrementsHeldBack++;
    else {
      counts.gaps++;
      this.#stopFeed(event.stream, outcome);
    }
  }

  /** The book has diverged from its last snapshot: sends all subscribers that, and the increment. */
  #resync(event: PublicEvent, snapshot: EncodedEvent, increment: EncodedEvent): void {
    // Also to holders of the snapshots, some of which may have joined since it was published.
    const reached = this.#offer(event.byName.union(event.byId), snapshot, event.age);
    if (reached > 0) this.counters.resyncs++;
    this.counters.fannedOut += reached;
    this.#count(event.counts, this.#fanOut(event, increment));
  }

  #stopFeed(
    stream: string,
    outcome: Exclude<FeedIncrement, "applied" | "diverged" | "stale" | "unsure">,
  ): void {
    const reason = {
      gap: "a sequence was skipped",
      restarted: "increments in a row that were known already, so the exchange has restarted its " +
        "sequence",
      unusable: "an increment cannot be read",
      overflow: `more than ${this.#options.replayIncrements} increments since the snapshot ` +
        "(streams.replay_increments), or more than is kept of one stream (streams.event_bytes, " +
        "streams.book_levels)",
    }[outcome];
    log.warn("{stream}: {reason}; no more increments until the next snapshot.", { stream, reason });
  }

  /** @returns how many it is now owed to */
  #fanOut({ byName, byId, age }: PublicEvent, encoded: EncodedEvent): number {
    let reached = 0;
    for (const audience of byName) {
      reached += audience.size;
      audience.send(encoded, age);
    }
    for (const audience of byId) {
      if (byName.has(audience)) continue;
      reached += audience.size;
      audience.send(encoded, age);
    }
    return reached;
  }

  #count(counts: ScopeCounters, reached: number): void {
    if (reached === 0) counts.unheld++;
    else counts.delivered++;
    this.counters.fannedOut += reached;
  }
}
