import type { Subscriber } from "./subscriber.ts";

const NO_SUBSCRIBERS: ReadonlySet<Subscriber> = new Set();

/**
 * The authenticated subscribers by uid. A user without a connected subscriber has no entry.
 *
 * @example
 * ```ts
 * import { type EncodedEvent } from "./envelope.ts";
 * import { type Subscriber } from "./subscriber.ts";
 * declare const [subscriber, event]: [Subscriber, EncodedEvent];
 * const users = new Users();
 * users.add("ID10AA8FC4E7", subscriber);
 * for (const each of users.of("ID10AA8FC4E7")) each.sendUrgent(event, 0);
 * ```
 */
export class Users {
  readonly #byUid = new Map<string, Set<Subscriber>>();
  #subscribers = 0;

  /** Users with at least one connected subscriber. */
  get size(): number {
    return this.#byUid.size;
  }

  /** Authenticated subscribers of all users. */
  get subscribers(): number {
    return this.#subscribers;
  }

  /** The subscribers of one user. */
  of(uid: string): ReadonlySet<Subscriber> {
    return this.#byUid.get(uid) ?? NO_SUBSCRIBERS;
  }

  /** Adds a subscriber; does nothing if it is there. */
  add(uid: string, subscriber: Subscriber): void {
    const subscribers = this.#byUid.get(uid);
    if (subscribers?.has(subscriber)) return;
    this.#subscribers++;
    if (subscribers) subscribers.add(subscriber);
    else this.#byUid.set(uid, new Set([subscriber]));
  }

  /** Removes a subscriber; does nothing if it is not there. */
  remove(uid: string, subscriber: Subscriber): void {
    const subscribers = this.#byUid.get(uid);
    if (!subscribers?.delete(subscriber)) return;
    this.#subscribers--;
    if (subscribers.size === 0) this.#byUid.delete(uid);
  }
}
