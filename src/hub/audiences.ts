import { type LogOptions, SharedLog } from "../delivery/shared_log.ts";
import type { Wrapping } from "./envelope.ts";
import { Audience, type Subscriber } from "./subscriber.ts";

/** Nobody. */
export const NOBODY: ReadonlySet<Audience> = new Set();

/** A name that somebody follows. */
interface Followed {
  readonly audiences: Set<Audience>;
  subscribers: number;
}

/**
 * Who follows which names, without an entry for names that nobody follows: what comes and goes
 * costs nothing once it is gone.
 *
 * @example
 * ```ts
 * const audiences = new Audiences({ flusher, limits });
 * audiences.follow(subscriber, ["usdbtc.trades", "usdbtc.ob-inc"]);
 * for (const audience of audiences.of("usdbtc.trades")) audience.send(event);
 * ```
 */
export class Audiences {
  readonly #followed = new Map<string, Followed>();
  readonly #byNames = new Map<Wrapping, Map<string, Audience>>();
  readonly #logs: LogOptions;
  #entries = 0;

  /** @param logs what the audiences' logs have in common */
  constructor(logs: LogOptions) {
    this.#logs = logs;
  }

  /** How many names somebody follows. */
  get size(): number {
    return this.#followed.size;
  }

  /** How many follow all names together; each counts once a name. */
  get entries(): number {
    return this.#entries;
  }

  /** The names, and how many follow each. */
  *sizes(): Generator<readonly [name: string, subscribers: number]> {
    for (const [name, { subscribers }] of this.#followed) yield [name, subscribers];
  }

  /** Those who follow a name; no subscriber is in two audiences. */
  of(name: string): ReadonlySet<Audience> {
    return this.#followed.get(name)?.audiences ?? NOBODY;
  }

  /** From here on a subscriber follows these names too. */
  follow(subscriber: Subscriber, names: readonly string[]): void {
    if (names.length === 0) return;
    const followed = new Set(subscriber.audience?.names);
    for (const name of names) followed.add(name);
    this.#move(subscriber, followed);
  }

  /** Not any more. */
  leave(subscriber: Subscriber, names: readonly string[]): void {
    if (names.length === 0) return;
    const followed = new Set(subscriber.audience?.names);
    for (const name of names) followed.delete(name);
    this.#move(subscriber, followed);
  }

  /** A subscriber follows nothing any more. */
  remove(subscriber: Subscriber): void {
    this.#move(subscriber, new Set());
  }

  #move(subscriber: Subscriber, names: ReadonlySet<string>): void {
    const { audience } = subscriber;
    // One of them is part of the other: so many names are the same names.
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
    this.#entries += change * names.size;
    for (const name of names) this.#followed.get(name)!.subscribers += change;
  }

  /** The audience of these names, made where there is none yet. */
  #open(names: ReadonlySet<string>, { wrapping }: Subscriber): Audience {
    let alike = this.#byNames.get(wrapping);
    if (!alike) this.#byNames.set(wrapping, alike = new Map());
    const key = keyOf(names);
    const known = alike.get(key);
    if (known) return known;
    const audience = new Audience(names, wrapping, new SharedLog(this.#logs));
    alike.set(key, audience);
    for (const name of names) {
      const followed = this.#followed.get(name);
      if (followed) followed.audiences.add(audience);
      else this.#followed.set(name, { audiences: new Set([audience]), subscribers: 0 });
    }
    return audience;
  }

  #close(audience: Audience): void {
    const { names, wrapping } = audience;
    const alike = this.#byNames.get(wrapping)!;
    alike.delete(keyOf(names));
    if (alike.size === 0) this.#byNames.delete(wrapping);
    for (const name of names) {
      const { audiences } = this.#followed.get(name)!;
      audiences.delete(audience);
      if (audiences.size === 0) this.#followed.delete(name);
    }
  }
}

/** The same for the same names, in whatever order they came. */
function keyOf(names: ReadonlySet<string>): string {
  return JSON.stringify([...names].sort());
}
