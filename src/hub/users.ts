import type { Subscriber } from "./subscriber.ts";

/** Nobody. */
const NOBODY: ReadonlySet<Subscriber> = new Set();

/**
 * Subscribers by a key, without an entry for keys that nobody is under: names that come and go
 * cost nothing once they are gone.
 *
 * @example
 * ```ts
 * const users = new Directory();
 * users.add("ID10AA8FC4E7", subscriber);
 * for (const each of users.under("ID10AA8FC4E7")) each.sendUrgent(event, age);
 * ```
 */
export class Users {
  readonly #byUid = new Map<string, Set<Subscriber>>();
  #subscribers = 0;

  /** How many keys have somebody under them. */
  get size(): number {
    return this.#byUid.size;
  }

  /** How many subscribers are under all keys together; each counts once a key. */
  get subscribers(): number {
    return this.#subscribers;
  }

  of(key: string): ReadonlySet<Subscriber> {
    return this.#byUid.get(key) ?? NOBODY;
  }

  add(key: string, subscriber: Subscriber): void {
    const set = this.#byUid.get(key);
    if (set?.has(subscriber)) return;
    this.#subscribers++;
    if (set) set.add(subscriber);
    else this.#byUid.set(key, new Set([subscriber]));
  }

  remove(key: string, subscriber: Subscriber): void {
    const set = this.#byUid.get(key);
    if (!set?.delete(subscriber)) return;
    this.#subscribers--;
    if (set.size === 0) this.#byUid.delete(key);
  }
}
