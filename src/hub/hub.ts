import { getLogger } from "@logtape/logtape";
import type { EventSink } from "../broker/source.ts";
import { Rarely } from "../ops/rarely.ts";
import { NOT_JSON, parseJson } from "../streams/payload.ts";
import type { Registry, StreamKind } from "../streams/registry.ts";
import { parseRoutingKey, type Route } from "../streams/routing_key.ts";
import { parseStreamName } from "../streams/stream_name.ts";
import { HubCounters } from "./counters.ts";
import { EncodedEvent } from "./envelope.ts";
import { type Feed, OrderBookFeed, ReplayFeed } from "./feed.ts";
import type { Flusher } from "./flusher.ts";
import type { Subscriber } from "./subscriber.ts";

const log = getLogger(["ranger", "hub"]);

const SNAPSHOT = "-snap";
const INCREMENT = "-inc";
const NOBODY: ReadonlySet<Subscriber> = new Set();

/** What the hub needs to know of the settings. */
export interface HubOptions {
  readonly registry: Registry;
  readonly flusher: Flusher;
  /** `strict`: only registered streams with payloads that fit their type. */
  readonly mode: "open" | "strict";
  /** Increments kept of a stream that the server cannot apply them to. */
  readonly replay: number;
}

type PublicRoute = Exclude<Route, { scope: "private" }>;

/**
 * Who gets what: takes the source's events, and owes them to the subscribers of their streams.
 *
 * @example
 * ```ts
 * const hub = new Hub({ registry: peatioRegistry, flusher, mode: "open", replay: 1000 });
 * hub.subscribe(subscriber, "usdbtc.ob-inc");
 * hub.greet(subscriber, ["usdbtc.ob-inc"]); // the order book as of now
 * hub.deliver("public.usdbtc.ob-inc", body); // and what changes
 * ```
 */
export class Hub implements EventSink {
  readonly counters: HubCounters = new HubCounters();
  readonly #options: HubOptions;
  /** Subscribers by the full name they subscribed: `usdbtc.trades`, `admin.usdbtc.trades`. */
  readonly #topics = new Map<string, Set<Subscriber>>();
  /** Subscribers by the bare word they subscribed: every public stream of that id. */
  readonly #ids = new Map<string, Set<Subscriber>>();
  /** Authenticated subscribers by uid. */
  readonly #users = new Map<string, Set<Subscriber>>();
  /** States by the full name without its ending: `usdbtc.ob`. */
  readonly #feeds = new Map<string, Feed>();
  /** Names in `#feeds` by id, for those who hold the whole id. */
  readonly #feedsOfId = new Map<string, string[]>();
  readonly #complaints = new Rarely(60_000);

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Takes one event from the source (see {@linkcode EventSink}). */
  deliver(routingKey: string, body: Uint8Array): void {
    this.counters.received++;
    const route = parseRoutingKey(routingKey);
    if (!route) {
      this.counters.malformedKeys++;
      this.#complain("key", routingKey, "Dropped an event: {routingKey} is no routing key.");
    } else if (route.scope === "private") {
      this.#deliverPrivate(routingKey, route.uid, route.event, body);
    } else {
      this.#deliverPublic(routingKey, route, body);
    }
  }

  /** Every state is unsure until its next snapshot. */
  interrupted(): void {
    for (const feed of this.#feeds.values()) feed.doubt();
  }

  /** Whether a stream may be subscribed at all, whoever asks. */
  knows(name: string): boolean {
    if (this.#options.mode === "open") return true;
    const stream = parseStreamName(name);
    if (stream.form === "other") return false;
    if (stream.form === "bare") return true;
    return this.#options.registry.find("public", `${stream.id}.${stream.event}`) !== undefined;
  }

  /** From here on the subscriber gets the stream's events. */
  subscribe(subscriber: Subscriber, name: string): void {
    subscriber.streams.add(name);
    addTo(name.includes(".") ? this.#topics : this.#ids, name, subscriber);
  }

  /** Not any more. */
  unsubscribe(subscriber: Subscriber, name: string): void {
    subscriber.streams.delete(name);
    removeFrom(name.includes(".") ? this.#topics : this.#ids, name, subscriber);
  }

  /** Owes a new subscriber the current state of the streams that have one. */
  greet(subscriber: Subscriber, names: Iterable<string>): void {
    for (const name of names) {
      const feeds = name.endsWith(INCREMENT)
        ? [name.slice(0, -INCREMENT.length)]
        : this.#feedsOfId.get(name) ?? [];
      for (const base of feeds) {
        for (const event of this.#feeds.get(base)?.current() ?? []) subscriber.send(event);
      }
    }
  }

  /** Whose private events a subscriber gets; `undefined` for nobody's. */
  identify(subscriber: Subscriber, uid: string | undefined): void {
    if (subscriber.uid === uid) return;
    if (subscriber.uid !== undefined) removeFrom(this.#users, subscriber.uid, subscriber);
    subscriber.uid = uid;
    if (uid !== undefined) addTo(this.#users, uid, subscriber);
  }

  /** Forgets a subscriber. */
  remove(subscriber: Subscriber): void {
    this.identify(subscriber, undefined);
    for (const name of [...subscriber.streams]) this.unsubscribe(subscriber, name);
  }

  /** Sizes of what the hub holds now. */
  get sizes(): { streams: number; users: number; states: number; statesUnsure: number } {
    let statesUnsure = 0;
    for (const feed of this.#feeds.values()) if (!feed.live) statesUnsure++;
    return {
      streams: this.#topics.size + this.#ids.size,
      users: this.#users.size,
      states: this.#feeds.size,
      statesUnsure,
    };
  }

  #deliverPrivate(routingKey: string, uid: string, event: string, body: Uint8Array): void {
    const users = this.#users.get(uid);
    if (!users) {
      this.counters.unheld++;
      return;
    }
    if (this.#read(routingKey, "private", event, body) === NOT_JSON) return;
    const encoded = new EncodedEvent(event, body);
    let reached = 0;
    for (const subscriber of users) {
      if (!subscriber.streams.has(event)) continue;
      subscriber.send(encoded);
      this.#options.flusher.markUrgent(subscriber.connection);
      reached++;
    }
    this.#count(reached);
  }

  #deliverPublic(routingKey: string, route: PublicRoute, body: Uint8Array): void {
    const { event, name } = route;
    const full = route.scope === "public" ? name : route.subscription;
    const topic = this.#topics.get(full) ?? NOBODY;
    const whole = route.scope === "public" ? this.#ids.get(route.id) ?? NOBODY : NOBODY;
    const isSnapshot = event.endsWith(SNAPSHOT);
    const isIncrement = event.endsWith(INCREMENT);
    if (!isSnapshot && !isIncrement && topic.size === 0 && whole.size === 0) {
      this.counters.unheld++;
      return;
    }
    const payload = this.#read(routingKey, "public", name, body);
    if (payload === NOT_JSON) {
      // An increment lost is an increment lost, whatever was wrong with it.
      if (isIncrement) this.#feeds.get(full.slice(0, -INCREMENT.length))?.doubt();
      return;
    }
    const encoded = new EncodedEvent(name, body);
    if (isSnapshot) this.#takeSnapshot(route, full, encoded, payload, topic, whole);
    else if (isIncrement) this.#takeIncrement(full, encoded, payload, topic, whole);
    else this.#fanOut(encoded, topic, whole);
  }

  #takeSnapshot(
    route: PublicRoute,
    full: string,
    encoded: EncodedEvent,
    payload: unknown,
    topic: ReadonlySet<Subscriber>,
    whole: ReadonlySet<Subscriber>,
  ): void {
    const base = full.slice(0, -SNAPSHOT.length);
    this.#fanOut(encoded, topic, whole);
    const feed = this.#feeds.get(base) ?? this.#addFeed(route, base);
    const outcome = feed.snapshot(encoded, payload);
    if (outcome === "unusable") {
      feed.doubt();
      this.#complain(
        "snapshot",
        full,
        "Cannot read the snapshot {routingKey}: its state is unsure.",
      );
    }
    if (outcome !== "moved") return;
    // Who holds the snapshots as well, by name or by the whole id, has it already.
    let reached = 0;
    for (const subscriber of this.#topics.get(base + INCREMENT) ?? NOBODY) {
      if (topic.has(subscriber) || whole.has(subscriber)) continue;
      subscriber.send(encoded);
      reached++;
    }
    this.counters.fannedOut += reached;
    if (reached > 0) this.counters.resyncs++;
  }

  #takeIncrement(
    full: string,
    encoded: EncodedEvent,
    payload: unknown,
    topic: ReadonlySet<Subscriber>,
    whole: ReadonlySet<Subscriber>,
  ): void {
    const outcome = this.#feeds.get(full.slice(0, -INCREMENT.length))
      ?.increment(encoded, payload) ?? "unsure";
    switch (outcome) {
      case "applied":
        return this.#fanOut(encoded, topic, whole);
      case "stale":
        this.counters.incrementsStale++;
        return;
      case "unsure":
        this.counters.incrementsHeldBack++;
        return;
      case "gap":
      case "unusable":
        this.counters.gaps++;
        log.warn("{stream}: {outcome} in the increments; waiting for the next snapshot.", {
          stream: full,
          outcome,
        });
        return;
      case "overflow":
        this.counters.gaps++;
        log.warn(
          "{stream}: more than {limit} increments since the last snapshot (streams.replay); " +
            "waiting for the next snapshot.",
          { stream: full, limit: this.#options.replay },
        );
    }
  }

  #addFeed(route: PublicRoute, base: string): Feed {
    const kind = this.#options.registry.find("public", route.name);
    const feed = kind?.state === "order-book"
      ? new OrderBookFeed(route.name)
      : new ReplayFeed(this.#options.replay);
    this.#feeds.set(base, feed);
    if (route.scope === "public") {
      const bases = this.#feedsOfId.get(route.id);
      if (bases) bases.push(base);
      else this.#feedsOfId.set(route.id, [base]);
    }
    return feed;
  }

  #fanOut(
    encoded: EncodedEvent,
    topic: ReadonlySet<Subscriber>,
    whole: ReadonlySet<Subscriber>,
  ): void {
    let reached = topic.size;
    for (const subscriber of topic) subscriber.send(encoded);
    for (const subscriber of whole) {
      if (topic.has(subscriber)) continue;
      subscriber.send(encoded);
      reached++;
    }
    this.#count(reached);
  }

  #count(reached: number): void {
    if (reached === 0) {
      this.counters.unheld++;
    } else {
      this.counters.delivered++;
      this.counters.fannedOut += reached;
    }
  }

  /** The payload, checked; `NOT_JSON` when the event goes no further. */
  #read(
    routingKey: string,
    scope: "public" | "private",
    name: string,
    body: Uint8Array,
  ): unknown {
    const payload = parseJson(body);
    if (payload === NOT_JSON) {
      this.counters.notJson++;
      this.#complain("json", routingKey, "Dropped an event of {routingKey}: its body is no JSON.");
      return NOT_JSON;
    }
    if (this.#options.mode === "open") return payload;
    const kind = this.#options.registry.find(scope, name);
    if (kind?.payload.safeParse(payload).success) return payload;
    this.#refuse(routingKey, kind);
    return NOT_JSON;
  }

  #refuse(routingKey: string, kind: StreamKind | undefined): void {
    const reason = kind ? `${kind.label} payload` : "unregistered stream";
    this.counters.refused.set(reason, (this.counters.refused.get(reason) ?? 0) + 1);
    this.#complain(
      reason,
      routingKey,
      kind
        ? "Dropped an event of {routingKey}: its payload does not fit its type (streams.mode)."
        : "Dropped an event of {routingKey}: no such stream is registered (streams.mode).",
    );
  }

  #complain(topic: string, routingKey: string, message: string): void {
    if (this.#complaints.allows(`${topic} ${routingKey}`)) log.warn(message, { routingKey });
  }
}

function addTo(map: Map<string, Set<Subscriber>>, key: string, subscriber: Subscriber): void {
  const set = map.get(key);
  if (set) set.add(subscriber);
  else map.set(key, new Set([subscriber]));
}

function removeFrom(map: Map<string, Set<Subscriber>>, key: string, subscriber: Subscriber): void {
  const set = map.get(key);
  if (set?.delete(subscriber) && set.size === 0) map.delete(key);
}
