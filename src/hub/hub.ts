import { getLogger } from "@logtape/logtape";
import type { LogOptions } from "../delivery/shared_log.ts";
import type { EventSink, Loss, SourceEvent } from "../source/source.ts";
import { NOT_JSON } from "../streams/payload.ts";
import type { Registry } from "../streams/registry.ts";
import { parseRoutingKey, type Route } from "../streams/routing_key.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import { incrementsOf, roleOf, stateNameOf } from "../streams/stream_role.ts";
import { Audiences, NO_AUDIENCES } from "./audiences.ts";
import { AvailableStreams } from "./available_streams.ts";
import { HubCounters, type ScopeCounters } from "./counters.ts";
import { Cursors } from "./cursor.ts";
import { DerivedStreams } from "./derived_streams.ts";
import { EncodedEvent } from "./envelope.ts";
import { History, type HistoryLimits, userKey } from "./history.ts";
import { LatestValues } from "./latest_values.ts";
import { PayloadValidator } from "./payload_validator.ts";
import { PublishedNames } from "./published_names.ts";
import type { CatchUp } from "./reader.ts";
import { mayBePrivate, type ReaderLimits, Readers } from "./readers.ts";
import type { StateBudget } from "./state_budget.ts";
import { StatusReports } from "./status_reports.ts";
import type { IncrementResult } from "./stream_state.ts";
import { type StateLimits, type StreamStateName, StreamStates } from "./stream_states.ts";
import type { Audience, Subscriber } from "./subscriber.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Users } from "./users.ts";

const log = getLogger(["ranger", "hub"]);

const NO_SUBSCRIBERS: ReadonlySet<Subscriber> = new Set();

/** The settings that the hub reads. */
export interface HubOptions extends StateLimits, LogOptions {
  readonly history: HistoryLimits;
  readonly limits: LogOptions["limits"] & ReaderLimits;
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
  readonly offset: number;
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
  /** The position of the log, for clients that get cursors. */
  readonly cursors: Cursors = new Cursors();
  /** The recent events of plain streams. */
  readonly history: History;
  /** The subscribers that are behind. */
  readonly readers: Readers;
  /** Called when events may have been lost, once events arrive again. */
  onLoss: (() => void) | undefined;
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
  readonly #status: StatusReports;
  /** Whether a loss is to be reported with the next event. */
  #lossIsPending = false;

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
    this.history = new History(options.history);
    this.readers = new Readers(
      this.history,
      this.cursors,
      this.#subscriptions,
      options.limits,
      {
        isPlain: (name) => this.#isPlain(name),
        isId: (word) => this.#published.isId(word),
        start: (subscriber, names) => this.start(subscriber, names),
      },
    );
    this.#status = new StatusReports(this.#states, this.#audiences);
  }

  /** The log has a name (see {@linkcode EventSink}). */
  opened(log: string): void {
    this.cursors.open(log);
    this.readers.lookAgain();
  }

  /** Takes one event from the source (see {@linkcode EventSink}). */
  deliver(event: SourceEvent): void {
    const { offset, routingKey, body } = event;
    if (this.#lossIsPending) this.#reportLoss();
    this.counters.received++;
    this.history.begin(offset);
    this.cursors.moveTo(offset);
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
      this.#deliverPrivate(event, route);
    } else {
      this.#deliverPublic(event, route);
    }
    this.readers.moved(offset);
  }

  /**
   * Makes every state stale until its next snapshot. Subscribers learn that events may be missing once
   * events arrive again: what they fetch from elsewhere before may miss more.
   */
  lost({ cause }: Loss): void {
    this.#status.allStale(this.#states.current());
    this.#states.invalidateAll();
    this.#lossIsPending = true;
    if (cause !== "replaced") return;
    this.history.clear();
    this.cursors.close();
    this.readers.reset();
  }

  /** Events come in. */
  up(): void {
    this.readers.sourceIsUp = true;
    this.#status.sourceUp();
    if (this.#lossIsPending) this.#reportLoss();
  }

  /** No events come in. */
  down(): void {
    this.readers.sourceIsUp = false;
    this.#status.sourceDown();
  }

  /**
   * Reports what a new subscriber must know of the source. To be called once for each subscriber,
   * before its first {@linkcode Hub.start}.
   */
  open(subscriber: Subscriber): void {
    this.#status.add(subscriber);
  }

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

  /**
   * Sends the current states of streams just subscribed, and their events from then on.
   *
   * @param request what was missed, or recent events, which are sent before
   */
  start(subscriber: Subscriber, names: readonly string[], request?: CatchUp): void {
    this.#status.reportStale(subscriber, names);
    const reader = this.readers.of(subscriber);
    if (names.length > 0 && (request?.cursor !== undefined || request?.last)) {
      this.readers.resume(subscriber, names, request);
    } else if (reader) this.readers.follow(reader, names);
    else this.#subscriptions.start(subscriber, names);
  }

  /** After the answer to a token: the private streams resume, if the subscriber has asked for that. */
  resumePrivate(subscriber: Subscriber): void {
    this.readers.resumePrivate(subscriber);
  }

  /** Continues with the states that the outbox had no room for, once it has drained. */
  resume(subscriber: Subscriber): void {
    this.#subscriptions.resume(subscriber);
  }

  /** The subscriber has taken everything that waited for it: what it has missed follows. */
  caughtUp(subscriber: Subscriber): void {
    if (subscriber.isBehind) this.readers.caughtUp(subscriber);
  }

  /** The subscriber does not read what it is sent: it continues from the history when it does. */
  fallBehind(subscriber: Subscriber): void {
    this.readers.fallBehind(subscriber);
  }

  /** Ends subscriptions. */
  unsubscribe(subscriber: Subscriber, names: readonly string[]): void {
    this.#subscriptions.remove(subscriber, names);
    this.readers.unsubscribed(subscriber, names);
  }

  /** Sets the user whose private events a subscriber receives; `undefined` for none. */
  identify(subscriber: Subscriber, uid: string | undefined): void {
    if (subscriber.uid === uid) return;
    if (subscriber.uid !== undefined) this.#users.remove(subscriber.uid, subscriber);
    subscriber.uid = uid;
    if (uid !== undefined) this.#users.add(uid, subscriber);
    if (subscriber.isBehind) this.readers.identified(subscriber);
  }

  /** Removes a subscriber. */
  remove(subscriber: Subscriber): void {
    this.#status.remove(subscriber);
    this.readers.remove(subscriber);
    this.identify(subscriber, undefined);
    this.#subscriptions.clear(subscriber);
  }

  /** Whether a subscriber has streams of which events of its user may be missing after a loss. */
  holdsPrivate({ uid, streams }: Subscriber): boolean {
    if (uid === undefined) return false;
    for (const name of streams) {
      if (mayBePrivate(name) && this.#isPlain(name) && !this.#published.isId(name)) return true;
    }
    return false;
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

  /** Whether a stream's events stand alone: not those of a state, and not whole values. */
  #isPlain(name: string): boolean {
    return roleOf(name) === "plain" && !this.#latest.keeps(name);
  }

  #reportLoss(): void {
    this.#lossIsPending = false;
    this.history.appendLoss(this.cursors.offset);
    this.#status.eventsMayBeMissing((subscriber) => this.readers.plainOf(subscriber));
    this.onLoss?.();
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
    if (roleOf(stream) !== "increment") return;
    const base = stateNameOf(stream);
    const state = this.#states.find(base);
    if (!state?.isCurrent) return;
    state.invalidate();
    this.#status.stale(base);
  }

  #deliverPrivate(
    { offset, routingKey, body, age, past }: SourceEvent,
    { uid, event }: Extract<Route, { scope: "private" }>,
  ): void {
    const counts = this.counters.scopes.private;
    this.#published.note(event);
    const users = past ? NO_SUBSCRIBERS : this.#users.of(uid);
    // Without a subscriber, the body is checked when it is read.
    const isChecked = users.size > 0 || this.#validator.isStrict;
    const inspected = { routingKey, scope: "private", name: event } as const;
    if (isChecked && this.#validator.validate(inspected, body, false) === NOT_JSON) return;
    if (roleOf(event) === "plain") {
      const key = userKey(uid, event);
      this.history.append({ offset, age, key, id: undefined, name: event, body, isChecked });
    }
    if (users.size === 0) return this.#count(counts, 0);
    const encoded = new EncodedEvent(event, body, true);
    let reached = 0;
    for (const subscriber of users) {
      if (subscriber.isBehind || !subscriber.streams.has(event)) continue;
      subscriber.sendUrgent(encoded, age);
      reached++;
    }
    this.#count(counts, reached);
  }

  #deliverPublic(
    { offset, routingKey, body, age, past }: SourceEvent,
    route: PublicEvent["route"],
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
      offset,
    };
    const role = roleOf(stream);
    const isPlain = role === "plain";
    const isKept = isPlain && isPublic && this.#latest.keeps(stream);
    // Without subscribers and without a state, the body is checked when it is read, if ever.
    if (
      event.byName.size + event.byId.size === 0 && isPlain && !isKept && !this.#validator.isStrict
    ) {
      this.#keep(event, body, false);
      return this.#count(counts, 0);
    }
    const inspected = { routingKey, scope: route.scope, name: route.name };
    const payload = this.#validator.validate(inspected, body, !isPlain);
    if (payload === NOT_JSON) return this.#incrementLost(stream);
    const encoded = new EncodedEvent(route.name, body);
    if (isKept) this.#latest.set(stream, encoded);
    else if (isPlain) this.#keep(event, body, true);
    if (role === "snapshot") this.#takeSnapshot(event, encoded, payload);
    else if (role === "increment") this.#takeIncrement(event, encoded, payload);
    else this.#count(counts, past ? 0 : this.#fanOut(event, encoded));
  }

  #keep({ route, stream: key, offset, age }: PublicEvent, body: Uint8Array, isChecked: boolean) {
    const id = route.scope === "public" ? route.id : undefined;
    this.history.append({ offset, age, key, id, name: route.name, body, isChecked });
  }

  #takeSnapshot(event: PublicEvent, encoded: EncodedEvent, payload: unknown): void {
    const { route, stream, byName, byId } = event;
    const base = stateNameOf(stream);
    const state = this.#states.open({
      base,
      snapshots: route.name,
      id: route.scope === "public" ? route.id : undefined,
    });
    const { hasBegun, isCurrent: wasCurrent } = state;
    const outcome = state.snapshot(encoded, payload);
    this.#states.account(base, state);
    if (wasCurrent && !this.#states.hasEventsOf(base)) this.#status.stale(base);
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
    const wasCurrent = state?.isCurrent ?? false;
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
    if (wasCurrent && !this.#states.hasEventsOf(base)) this.#status.stale(base);
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
