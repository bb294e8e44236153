import { type LogOptions, SharedLog } from "../delivery/shared_log.ts";
import type { WireFormat } from "./envelope.ts";
import { Audience, type Mark, type Subscriber } from "./subscriber.ts";

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
  /** Random bits, different for each name: the marks of a set's names make its key. */
  readonly mark: Mark;
}

const HIGH_BITS = 22;
const LOW_BITS = 30;

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
  /** By the key of their names, one audience for each. */
  readonly #byKey = new Map<WireFormat, Map<number, Audience>>();
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
    const { audience } = subscriber;
    const added = new Set<string>();
    for (const name of names) if (!audience?.names.has(name)) added.add(name);
    if (added.size === 0) return;
    this.#subscriptions += added.size;
    const mark = this.#marked(audience, added, 1);
    const known = this.#find(subscriber, mark, (audience?.names.size ?? 0) + added.size);
    if (known && holdsAll(known, added, audience?.names)) {
      this.#move(subscriber, known);
    } else if (audience?.size === 1) {
      this.#rename(audience, mark, () => {
        for (const name of added) {
          audience.names.add(name);
          this.#names.get(name)!.audiences.add(audience);
        }
      });
    } else {
      const all = new Set(audience?.names);
      for (const name of added) all.add(name);
      this.#move(subscriber, this.#open(all, mark, subscriber.format));
    }
  }

  /** Removes names from those that a subscriber receives. */
  unsubscribe(subscriber: Subscriber, names: readonly string[]): void {
    const { audience } = subscriber;
    if (!audience) return;
    const removed = new Set<string>();
    for (const name of names) if (audience.names.has(name)) removed.add(name);
    if (removed.size === 0) return;
    if (removed.size === audience.names.size) return this.remove(subscriber);
    this.#subscriptions -= removed.size;
    const mark = this.#marked(audience, removed, -1);
    const known = this.#find(subscriber, mark, audience.names.size - removed.size);
    if (known && audience.names.isSupersetOf(known.names) && removed.isDisjointFrom(known.names)) {
      this.#move(subscriber, known);
    } else if (audience.size === 1) {
      this.#rename(audience, mark, () => {
        for (const name of removed) {
          audience.names.delete(name);
          this.#leave(name, audience);
        }
      });
    } else {
      this.#move(
        subscriber,
        this.#open(audience.names.difference(removed), mark, subscriber.format),
      );
    }
  }

  /** Removes a subscriber from its audience. */
  remove(subscriber: Subscriber): void {
    const { audience } = subscriber;
    if (!audience) return;
    this.#subscriptions -= audience.names.size;
    for (const name of audience.names) this.#names.get(name)!.subscribers--;
    this.#move(subscriber, undefined);
  }

  #move(subscriber: Subscriber, next: Audience | undefined): void {
    const { audience } = subscriber;
    if (audience) {
      audience.remove(subscriber);
      if (audience.size === 0) this.#close(audience);
    }
    next?.add(subscriber);
  }

  /**
   * Counts a subscriber of these names more or less.
   *
   * @returns the mark of its set of names with them, or without them
   */
  #marked(audience: Audience | undefined, names: Iterable<string>, change: 1 | -1): Mark {
    let { high, low } = audience?.mark ?? NO_NAMES;
    for (const name of names) {
      const subscribed = this.#names.get(name) ?? this.#openName(name);
      subscribed.subscribers += change;
      high ^= subscribed.mark.high;
      low ^= subscribed.mark.low;
    }
    return { high, low };
  }

  #openName(name: string): SubscribedName {
    const mark = { high: randomBits(HIGH_BITS), low: randomBits(LOW_BITS) };
    const subscribed = { audiences: new Set<Audience>(), subscribers: 0, mark };
    this.#names.set(name, subscribed);
    this.#observer?.opened(name);
    return subscribed;
  }

  /** The audience with this mark and that many names: it is to be checked that they are the same. */
  #find({ format }: Subscriber, mark: Mark, size: number): Audience | undefined {
    const known = this.#byKey.get(format)?.get(keyOf(mark));
    return known?.names.size === size ? known : undefined;
  }

  #open(names: Set<string>, mark: Mark, format: WireFormat): Audience {
    const audience = new Audience(names, mark, format, new SharedLog(this.#logOptions));
    this.#register(audience);
    for (const name of names) this.#names.get(name)!.audiences.add(audience);
    return audience;
  }

  /** The only subscriber of an audience gets other names: the audience stays, with its log. */
  #rename(audience: Audience, mark: Mark, change: () => void): void {
    this.#unregister(audience);
    change();
    audience.mark = mark;
    this.#register(audience);
  }

  #close(audience: Audience): void {
    this.#unregister(audience);
    for (const name of audience.names) this.#leave(name, audience);
  }

  #leave(name: string, audience: Audience): void {
    const { audiences } = this.#names.get(name)!;
    audiences.delete(audience);
    if (audiences.size > 0) return;
    this.#names.delete(name);
    this.#observer?.closed(name);
  }

  #register(audience: Audience): void {
    const { format, mark } = audience;
    const sameFormat = this.#byKey.get(format);
    if (sameFormat) sameFormat.set(keyOf(mark), audience);
    else this.#byKey.set(format, new Map([[keyOf(mark), audience]]));
  }

  #unregister(audience: Audience): void {
    const { format, mark } = audience;
    const sameFormat = this.#byKey.get(format);
    const key = keyOf(mark);
    // Of two sets of names with the same key, the later one took its place.
    if (sameFormat?.get(key) !== audience) return;
    sameFormat.delete(key);
    if (sameFormat.size === 0) this.#byKey.delete(format);
  }
}

const NO_NAMES: Mark = { high: 0, low: 0 };

function randomBits(bits: number): number {
  return Math.floor(Math.random() * 2 ** bits);
}

/** The same for the same names, in any order; hardly ever for others. */
function keyOf({ high, low }: Mark): number {
  return high * 2 ** LOW_BITS + low;
}

/** Whether an audience, of as many names as there are in both sets, has exactly those. */
function holdsAll(
  { names }: Audience,
  added: ReadonlySet<string>,
  held: ReadonlySet<string> | undefined,
): boolean {
  return added.isSubsetOf(names) && (held === undefined || held.isSubsetOf(names));
}
