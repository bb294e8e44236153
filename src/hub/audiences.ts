import { type LogOptions, SharedLog } from "../delivery/shared_log.ts";
import type { WireFormat } from "./envelope.ts";
import { Audience, type Subscriber } from "./subscriber.ts";

/** For names without subscribers. */
export const NO_AUDIENCES: ReadonlySet<Audience> = new Set();

/** Notified when a name gets its first subscriber, and when it has lost its last one. */
export interface NameObserver {
  opened(name: string): void;
  closed(name: string): void;
}

/** A name with at least one subscriber. */
interface SubscribedName {
  readonly audiences: Set<Audience>;
  subscribers: number;
}

/**
 * The audiences by stream name, and each subscriber in the audience of its set of names. Names and
 * audiences without subscribers have no entry.
 *
 * @example
 * ```ts
 * import { type EncodedEvent } from "./envelope.ts";
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [audiences, subscriber, event]: [Audiences, Subscriber, EncodedEvent];
 * audiences.subscribe(subscriber, ["usdbtc.trades", "usdbtc.ob-inc"]);
 * for (const audience of audiences.of("usdbtc.trades")) audience.send(event, 0);
 * ```
 */
export class Audiences {
  readonly #names = new Map<string, SubscribedName>();
  readonly #byNames = new Map<WireFormat, Map<string, Audience>>();
  readonly #logOptions: LogOptions;
  readonly #observer: NameObserver | undefined;
  #subscriptions = 0;

  /** @param logOptions for the log of each audience */
  constructor(logOptions: LogOptions, observer?: NameObserver) {
    this.#logOptions = logOptions;
    this.#observer = observer;
  }

  /** Names with at least one subscriber. */
  get size(): number {
    return this.#names.size;
  }

  /** Subscriptions: each subscriber counts once per name. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** The number of subscribers of a name. */
  subscribersOf(name: string): number {
    return this.#names.get(name)?.subscribers ?? 0;
  }

  /** The audiences of a name; no subscriber is in two of them. */
  of(name: string): ReadonlySet<Audience> {
    return this.#names.get(name)?.audiences ?? NO_AUDIENCES;
  }

  /** Adds names to those that a subscriber receives. */
  subscribe(subscriber: Subscriber, names: readonly string[]): void {
    if (names.length === 0) return;
    const subscribed = new Set(subscriber.audience?.names);
    for (const name of names) subscribed.add(name);
    this.#move(subscriber, subscribed);
  }

  /** Removes names from those that a subscriber receives. */
  unsubscribe(subscriber: Subscriber, names: readonly string[]): void {
    if (names.length === 0) return;
    const subscribed = new Set(subscriber.audience?.names);
    for (const name of names) subscribed.delete(name);
    this.#move(subscriber, subscribed);
  }

  /** Removes a subscriber from its audience. */
  remove(subscriber: Subscriber): void {
    this.#move(subscriber, new Set());
  }

  #move(subscriber: Subscriber, names: ReadonlySet<string>): void {
    const { audience } = subscriber;
    // One set contains the other, so sets of equal size are equal.
    if (names.size === (audience?.names.size ?? 0)) return;
    const next = names.size > 0 ? this.#open(names, subscriber) : undefined;
    this.#count(names, 1);
    if (audience) {
      this.#count(audience.names, -1);
      audience.remove(subscriber);
      if (audience.size === 0) this.#close(audience);
    }
    next?.add(subscriber);
  }

  #count(names: ReadonlySet<string>, change: number): void {
    this.#subscriptions += change * names.size;
    for (const name of names) this.#names.get(name)!.subscribers += change;
  }

  /** The audience of these names, created if there is none yet. */
  #open(names: ReadonlySet<string>, { format }: Subscriber): Audience {
    let sameFormat = this.#byNames.get(format);
    if (!sameFormat) this.#byNames.set(format, sameFormat = new Map());
    const key = keyOf(names);
    const known = sameFormat.get(key);
    if (known) return known;
    const audience = new Audience(names, format, new SharedLog(this.#logOptions));
    sameFormat.set(key, audience);
    for (const name of names) {
      const subscribed = this.#names.get(name);
      if (subscribed) {
        subscribed.audiences.add(audience);
      } else {
        this.#names.set(name, { audiences: new Set([audience]), subscribers: 0 });
        this.#observer?.opened(name);
      }
    }
    return audience;
  }

  #close(audience: Audience): void {
    const { names, format } = audience;
    const sameFormat = this.#byNames.get(format)!;
    sameFormat.delete(keyOf(names));
    if (sameFormat.size === 0) this.#byNames.delete(format);
    for (const name of names) {
      const { audiences } = this.#names.get(name)!;
      audiences.delete(audience);
      if (audiences.size > 0) continue;
      this.#names.delete(name);
      this.#observer?.closed(name);
    }
  }
}

/** The same text for the same names, in any order. */
function keyOf(names: ReadonlySet<string>): string {
  return JSON.stringify([...names].sort());
}
