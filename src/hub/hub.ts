import { getLogger } from "@logtape/logtape";
import type { LogOptions } from "../delivery/shared_log.ts";
import type { EventSink, SourceEvent } from "../source/source.ts";
import { NOT_JSON } from "../streams/payload.ts";
import type { Registry } from "../streams/registry.ts";
import { parseRoutingKey, type Route } from "../streams/routing_key.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import { incrementsOf, roleOf, stateNameOf } from "../streams/stream_role.ts";
import { Audiences, NO_AUDIENCES } from "./audiences.ts";
import { AvailableStreams } from "./available_streams.ts";
import { HubCounters, type ScopeCounters } from "./counters.ts";
import { DerivedStreams } from "./derived_streams.ts";
import { EncodedEvent } from "./envelope.ts";
import { LatestValues } from "./latest_values.ts";
import { PayloadValidator } from "./payload_validator.ts";
import { PublishedNames } from "./published_names.ts";
import type { StateBudget } from "./state_budget.ts";
import type { IncrementResult } from "./stream_state.ts";
import { type StateLimits, type StreamStateName, StreamStates } from "./stream_states.ts";
import type { Audience, Subscriber } from "./subscriber.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Users } from "./users.ts";

const log = getLogger(["ranger", "hub"]);

/** The settings that the hub reads. */
export interface HubOptions extends StateLimits, LogOptions {
  /** Milliseconds between two values of a depth stream, at least. */
  readonly depthInterval: number;
  readonly registry: Registry;
  /** `strict`: only registered streams, and only payloads that fit their type. */
  readonly mode: "open" | "strict";
  /** Limits the initial states of each subscriber; left out if they are not limited. */
  readonly budget?: StateBudget;
}

/** The sizes of what the hub holds. */
export interface HubSizes {
  /** Names with at least one subscriber. */
  readonly streams: number;
  /** Subscriptions: each subscriber counts once per name. */
  readonly subscriptions: number;
  /** Streams whose latest value is kept. */
  readonly latestValues: number;
  /** Streams that are derived from order books for a subscriber. */
  readonly derivedStreams: number;
  /** Users with at least one connection. */
  readonly users: number;
  /** Streams with a state. */
  readonly states: number;
  /** Those of which the state is stale. */
  readonly statesUnsure: number;
  /** Streams whose increments arrive before their first snapshot. */
  readonly statesWaiting: number;
  /** Estimated memory of all states. */
  readonly stateBytes: number;
}

/** A public or prefixed event, and the audiences that receive it. */
interface PublicEvent {
  readonly route: Exclude<Route, { scope: "private" }>;
  /** The name that clients subscribe to. */
  readonly stream: string;
  /** Audiences subscribed to the stream's name. */
  readonly byName: ReadonlySet<Audience>;
  /** Audiences subscribed to the whole id. */
  readonly byId: ReadonlySet<Audience>;
  readonly counts: ScopeCounters;
  /** Milliseconds since it was published. */
  readonly age: number;
  /** Whether subscribers of plain streams do not get it. */
  readonly past: boolean;
}

/**
 * Routes events: takes each event from the source, and sends it to the subscribers of its stream.
 *
 * @example
 * ```ts
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [options, subscriber, body]: [HubOptions, Subscriber, Uint8Array];
 * const hub = new Hub(options);
 * hub.subscribe(subscriber, ["usdbtc.ob-inc"]);
 * hub.start(subscriber, ["usdbtc.ob-inc"]); // sends the order book as of now
 * hub.deliver({ offset: 7, routingKey: "public.usdbtc.ob-inc", body, age: 0, past: false });
 * ```
 */
export class Hub implements EventSink {
  readonly counters: HubCounters = new HubCounters();
  /**
   * Whether `global` is a prefix for roles like any other. Mutable on purpose: a reload sets it.
   */
  globalIsPrefix = false;
  readonly #options: HubOptions;
  readonly #states: StreamStates;
  readonly #latest: LatestValues;
  readonly #derived: DerivedStreams;
  readonly #subscriptions: Subscriptions;
  /**
   * By the name subscribed: `usdbtc.trades`, `admin.usdbtc.trades`, or `usdbtc` for all public
   * streams of the id.
   */
  readonly #audiences: Audiences;
  readonly #users = new Users();
  readonly #validator: PayloadValidator;
  readonly #published = new PublishedNames();
  readonly #available = new AvailableStreams();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#derived = new DerivedStreams({
      limits: options,
      book: (base) => this.#states.find(base)?.book,
      send: (name, event, age) => this.#sendDerived(name, event, age),
    });
    this.#audiences = new Audiences(options, this.#derived);
    this.#validator = new PayloadValidator(options.registry, options.mode, this.counters);
    this.#states = new StreamStates(
      options.registry,
      options,
      this.counters,
      (name) => this.#isSubscribed(name),
    );
    this.#latest = new LatestValues(options.registry, options, () => this.#states.bytes);
    const sources = { states: this.#states, latest: this.#latest, derived: this.#derived };
    this.#subscriptions = new Subscriptions(this.#audiences, sources, options.budget);
  }

  /** Offsets are not kept. */
  opened(): void {}

  /** Takes one event from the source (see {@linkcode EventSink}). */
  deliver({ routingKey, body, age, past }: SourceEvent): void {
    this.counters.received++;
    const route = parseRoutingKey(routingKey, this.globalIsPrefix);
    if (!route) {
      this.counters.malformedKeys++;
      this.#validator.warn(
        "key",
        routingKey,
        "Dropped an event: {routingKey} is not a valid routing key.",
      );
    } else if (body.length > this.#options.eventBytes) {
      this.#dropLarge(routingKey, route);
    } else if (route.scope === "private") {
      if (past) this.#count(this.counters.scopes.private, 0);
      else this.#deliverPrivate(routingKey, route, body, age);
    } else {
      this.#deliverPublic(routingKey, route, body, age, past);
    }
  }

  /** Makes every state stale until its next snapshot. */
  lost(): void {
    this.#states.invalidateAll();
  }

  /** Clients are not notified. */
  up(): void {}
  down(): void {}

  /** Whether a stream exists in this mode: in strict mode only registered ones do. */
  knows(name: string): boolean {
    const stream = parseStreamName(name);
    if (stream.form === "other") return false;
    if (stream.form === "bare" || !this.#validator.isStrict) return true;
    return this.#options.registry.find("public", `${stream.id}.${stream.event}`) !== undefined;
  }

  /** Records streams as subscribed. Their events begin with {@linkcode Hub.start}. */
  subscribe(subscriber: Subscriber, names: readonly string[]): void {
    this.#subscriptions.add(subscriber, names);
  }

  /** Sends the current states of streams just subscribed, and their events from then on. */
  start(subscriber: Subscriber, names: readonly string[]): void {
    this.#subscriptions.start(subscriber, names);
  }

  /** Continues with the states that the outbox had no room for, once it has drained. */
  resume(subscriber: Subscriber): void {
    this.#subscriptions.resume(subscriber);
  }

  /** Ends subscriptions. */
  unsubscribe(subscriber: Subscriber, names: readonly string[]): void {
    this.#subscriptions.remove(subscriber, names);
  }

  /** Sets the user whose private events a subscriber receives; `undefined` for none. */
  identify(subscriber: Subscriber, uid: string | undefined): void {
    if (subscriber.uid === uid) return;
    if (subscriber.uid !== undefined) this.#users.remove(subscriber.uid, subscriber);
    subscriber.uid = uid;
    if (uid !== undefined) this.#users.add(uid, subscriber);
  }

  /** Removes a subscriber. */
  remove(subscriber: Subscriber): void {
    this.identify(subscriber, undefined);
    this.#subscriptions.clear(subscriber);
  }

  /** The current sizes. */
  get sizes(): HubSizes {
    return {
      streams: this.#audiences.size,
      subscriptions: this.#audiences.subscriptions,
      users: this.#users.size,
      ...this.#states.sizes,
      latestValues: this.#latest.size,
      derivedStreams: this.#derived.size,
      stateBytes: this.#states.bytes + this.#latest.bytes,
    };
  }

  /** Authenticated subscribers. */
  get authenticated(): number {
    return this.#users.subscribers;
  }

  /** Authenticated subscribers of one user. */
  connectionsOf(uid: string): number {
    return this.#users.of(uid).size;
  }

  /**
   * The names with subscribers, and the number of subscribers of each: those that the exchange has
   * published events of. Names that only clients use are left out, however many they make up.
   */
  *streams(): Generator<readonly [name: string, subscribers: number]> {
    for (const name of this.#published) {
      const subscribers = this.#audiences.subscribersOf(name);
      if (subscribers > 0) yield [name, subscribers];
    }
  }

  /** The public streams of which events came in lately, sorted; at most a thousand. */
  available(): readonly string[] {
    return this.#available.list();
  }

  #isSubscribed({ base, id }: StreamStateName): boolean {
    return this.#audiences.of(incrementsOf(base)).size > 0 ||
      (id !== undefined && this.#audiences.of(id).size > 0);
  }

  #dropLarge(routingKey: string, route: Route): void {
    this.counters.scopes[route.scope].tooLarge++;
    const message = "Dropped an event of {routingKey}: it is larger than streams.event_bytes.";
    this.#validator.warn("large", routingKey, message);
    if (route.scope === "private") return;
    this.#incrementLost(route.scope === "public" ? route.name : route.subscription);
  }

  /** Makes the state stale if the lost event was one of its increments. */
  #incrementLost(stream: string): void {
    if (roleOf(stream) === "increment") this.#states.find(stateNameOf(stream))?.invalidate();
  }

  #deliverPrivate(
    routingKey: string,
    { uid, event }: Extract<Route, { scope: "private" }>,
    body: Uint8Array,
    age: number,
  ): void {
    const counts = this.counters.scopes.private;
    this.#published.note(event);
    const users = this.#users.of(uid);
    if (users.size === 0 && !this.#validator.isStrict) return this.#count(counts, 0);
    const inspected = { routingKey, scope: "private", name: event } as const;
    if (this.#validator.validate(inspected, body, false) === NOT_JSON) return;
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
    past: boolean,
  ): void {
    const isPublic = route.scope === "public";
    const stream = isPublic ? route.name : route.subscription;
    this.#published.note(stream, isPublic ? route.id : undefined);
    if (isPublic && this.#available.note(stream)) this.#derived.published(stream);
    const counts = this.counters.scopes[route.scope];
    const event: PublicEvent = {
      route,
      stream,
      byName: this.#audiences.of(stream),
      byId: isPublic ? this.#audiences.of(route.id) : NO_AUDIENCES,
      counts,
      age,
      past,
    };
    const role = roleOf(stream);
    const isPlain = role === "plain";
    const isKept = isPlain && isPublic && this.#latest.keeps(stream);
    // Without subscribers and without a state, the body needs no check, except in strict mode.
    if (
      event.byName.size + event.byId.size === 0 && isPlain && !isKept && !this.#validator.isStrict
    ) {
      return this.#count(counts, 0);
    }
    const inspected = { routingKey, scope: route.scope, name: route.name };
    const payload = this.#validator.validate(inspected, body, !isPlain);
    if (payload === NOT_JSON) return this.#incrementLost(stream);
    const encoded = new EncodedEvent(route.name, body);
    if (isKept) this.#latest.set(stream, encoded);
    if (role === "snapshot") this.#takeSnapshot(event, encoded, payload);
    else if (role === "increment") this.#takeIncrement(event, encoded, payload);
    else this.#count(counts, past ? 0 : this.#fanOut(event, encoded));
  }

  #takeSnapshot(event: PublicEvent, encoded: EncodedEvent, payload: unknown): void {
    const { route, stream, byName, byId } = event;
    const base = stateNameOf(stream);
    const state = this.#states.open({
      base,
      snapshots: route.name,
      id: route.scope === "public" ? route.id : undefined,
    });
    const { hasBegun } = state;
    const outcome = state.snapshot(encoded, payload);
    this.#states.account(base, state);
    let reached = this.#fanOut(event, encoded);
    if (outcome === "unusable") {
      // The state that the increments led to stays valid.
      this.#validator.warn(
        "snapshot",
        stream,
        "Cannot read a snapshot of {routingKey}: its form is unknown, or it exceeds streams.book_levels.",
      );
    } else if (outcome === "diverged") {
      // Subscribers of the snapshots have received it already.
      const others = this.#audiences.of(incrementsOf(base)).difference(byName).difference(byId);
      const offered = this.#offer(others, encoded, event.age);
      // The first snapshot of a stream is not a resync.
      if (offered > 0 && hasBegun) this.counters.resyncs++;
      reached += offered;
    }
    this.#count(event.counts, reached);
    if (this.#derived.size > 0) this.#derived.changed(base, event.age);
  }

  #sendDerived(name: string, encoded: EncodedEvent, age: number): void {
    for (const audience of this.#audiences.of(name)) {
      this.counters.fannedOut += audience.size;
      audience.send(encoded, age);
    }
  }

  /** Offers a state that subscribers need to go on. @returns the number of subscribers */
  #offer(audiences: ReadonlySet<Audience>, encoded: EncodedEvent, age: number): number {
    let reached = 0;
    for (const audience of audiences) {
      reached += audience.size;
      audience.offer(encoded, age);
    }
    return reached;
  }

  #takeIncrement(event: PublicEvent, encoded: EncodedEvent, payload: unknown): void {
    const base = stateNameOf(event.stream);
    const state = this.#states.find(base);
    const outcome = state?.increment(encoded, payload) ?? "stale";
    if (state) this.#states.account(base, state);
    else this.#states.awaitFirstSnapshot(base);
    const { counts } = event;
    if (outcome === "applied") this.#count(counts, this.#fanOut(event, encoded));
    else if (outcome === "diverged") this.#resync(event, state!.divergedSnapshot!, encoded);
    if (outcome === "applied" || outcome === "diverged") {
      if (this.#derived.size > 0) this.#derived.changed(base, event.age);
    } else if (outcome === "old") counts.incrementsStale++;
    else if (outcome === "stale") counts.incrementsHeldBack++;
    else {
      counts.gaps++;
      this.#warnStale(event.stream, outcome);
    }
  }

  /** Sends all subscribers the snapshot that the book diverged from, and then the increment. */
  #resync(event: PublicEvent, snapshot: EncodedEvent, increment: EncodedEvent): void {
    // Also to subscribers of the snapshots: some may have joined since it was published.
    const reached = this.#offer(event.byName.union(event.byId), snapshot, event.age);
    if (reached > 0) this.counters.resyncs++;
    this.counters.fannedOut += reached;
    this.#count(event.counts, this.#fanOut(event, increment));
  }

  #warnStale(
    stream: string,
    outcome: Exclude<IncrementResult, "applied" | "diverged" | "old" | "stale">,
  ): void {
    const reason = {
      gap: "a sequence was skipped",
      restarted: "several old increments in a row, so the exchange has restarted its sequence",
      unusable: "an increment cannot be read",
      overflow: `more than ${this.#options.replayIncrements} increments since the snapshot ` +
        "(streams.replay_increments), or the state exceeds streams.event_bytes or " +
        "streams.book_levels",
    }[outcome];
    log.warn("{stream}: {reason}; no more increments until the next snapshot.", { stream, reason });
  }

  /** @returns the number of subscribers that the event is sent to */
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
