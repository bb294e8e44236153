import { getLogger } from "@logtape/logtape";

const log = getLogger(["ranger", "session"]);

/** Milliseconds after which the wall clock is looked at again at the latest: it may have been set. */
const LOOK_INTERVAL_MS = 1000;

/** How many expire in one turn of the loop; a whole crowd may have logged in at the same second. */
const MAX_EXPIRIES_PER_TURN = 500;

/** What has an end. */
export interface ExpiryTarget {
  /** Its time is over; the queue has forgotten it already. */
  expire(): void;
}

/** A place in the queue; for {@linkcode ExpiryQueue.remove}. */
export interface ExpiryEntry {
  /** Seconds since the epoch, without leeway. */
  readonly expiresAt: number;
}

interface Entry extends ExpiryEntry {
  readonly whose: ExpiryTarget;
  /** Index in the heap. */
  place: number;
}

/** What tests may set. */
export interface ExpiryOptions {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * Ends what a token's `exp` ends: one queue and one timer for all connections.
 *
 * A heap that knows each entry's index: sessions that disconnect early are removed from it. `exp` is a time of
 * the wall clock, which may be set in either direction, so that clock is asked at each look, and
 * there is a look at least once a second.
 *
 * @example
 * ```ts
 * declare const session: ExpiryTarget;
 * const queue = new ExpiryQueue();
 * queue.leeway = 5;
 * const entry = queue.add(session, Date.now() / 1000 + 3600); // session.expire() is called then
 * queue.remove(entry); // the session ended before
 * ```
 */
export class ExpiryQueue {
  /** Seconds by which all ends are later; `Infinity` where tokens do not end connections. */
  #leeway = 0;
  #expired = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #now: () => number;
  /** A binary heap: the earliest first, each no later than entries 2n+1 and 2n+2. */
  readonly #heap: Entry[] = [];

  constructor({ now = Date.now }: ExpiryOptions = {}) {
    this.#now = now;
  }

  /** How many wait for their end. */
  get size(): number {
    return this.#heap.length;
  }

  /** How many were ended; it only ever grows. */
  get expired(): number {
    return this.#expired;
  }

  /** Holds for those that wait already as well. */
  set leeway(seconds: number) {
    this.#leeway = seconds;
    this.#arm();
  }

  /** @param expiresAt seconds since the epoch, without leeway; what is past ends in the next turn */
  add(whose: ExpiryTarget, expiresAt: number): ExpiryEntry {
    const entry: Entry = { whose, expiresAt, place: this.#heap.length };
    this.#heap.push(entry);
    this.#rise(entry);
    // The timer is never set for later than the second entry.
    if (entry.place === 0) this.#arm();
    return entry;
  }

  /** Forgets what `add` gave and has not ended yet. */
  remove(term: ExpiryEntry): void {
    const entry = term as Entry;
    const last = this.#heap.pop()!;
    if (last !== entry) {
      this.#put(last, entry.place);
      this.#rise(last);
      this.#sink(last);
    }
    if (this.#heap.length === 0) this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first] = this.#heap;
    if (first === undefined || this.#leeway === Infinity) return;
    const wait = Math.min(Math.max(this.#dueAt(first) - this.#now(), 0), LOOK_INTERVAL_MS);
    this.#timer = setTimeout(() => this.#look(), wait);
  }

  #look(): void {
    const now = this.#now();
    for (let ended = 0; ended < MAX_EXPIRIES_PER_TURN; ended++) {
      const [first] = this.#heap;
      if (first === undefined || this.#dueAt(first) > now) break;
      this.remove(first);
      this.#expired++;
      try {
        first.whose.expire();
      } catch (error) {
        // What is wrong with one must not keep the tokens of all others good for ever.
        log.error("The end of a token broke: {error}", { error });
      }
    }
    this.#arm();
  }

  #dueAt({ expiresAt }: Entry): number {
    return (expiresAt + this.#leeway) * 1000;
  }

  #rise(entry: Entry): void {
    while (entry.place > 0) {
      const place = (entry.place - 1) >> 1;
      const above = this.#heap[place]!;
      if (above.expiresAt <= entry.expiresAt) return;
      this.#put(above, entry.place);
      this.#put(entry, place);
    }
  }

  #sink(entry: Entry): void {
    while (true) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const below = right && left && right.expiresAt < left.expiresAt ? right : left;
      if (!below || below.expiresAt >= entry.expiresAt) return;
      const { place } = below;
      this.#put(below, entry.place);
      this.#put(entry, place);
    }
  }

  #put(entry: Entry, place: number): void {
    entry.place = place;
    this.#heap[place] = entry;
  }
}
