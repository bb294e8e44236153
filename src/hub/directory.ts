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
export class Directory {
  readonly #sets = new Map<string, Set<Subscriber>>();
  #entries = 0;

  /** How many keys have somebody under them. */
  get size(): number {
    return this.#sets.size;
  }

  /** How many subscribers are under all keys together; each counts once a key. */
  get entries(): number {
    return this.#entries;
  }

  under(key: string): ReadonlySet<Subscriber> {
    return this.#sets.get(key) ?? NOBODY;
  }

  add(key: string, subscriber: Subscriber): void {
    const set = this.#sets.get(key);
    if (set?.has(subscriber)) return;
    this.#entries++;
    if (set) set.add(subscriber);
    else this.#sets.set(key, new Set([subscriber]));
  }

  remove(key: string, subscriber: Subscriber): void {
    const set = this.#sets.get(key);
    if (!set?.delete(subscriber)) return;
    this.#entries--;
    if (set.size === 0) this.#sets.delete(key);
  }
}
