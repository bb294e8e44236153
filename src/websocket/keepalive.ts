/** Somebody who has to give a sign of life. The fields are the wheel's: nothing else writes `place`. */
export interface Watched {
  /** {@linkcode Keepalive.now} when the last byte came: whoever reads sets it. */
  heardAt: number;
  /** Where it stands in the wheel; {@linkcode NOWHERE} outside of it. */
  place: number;
  /** Asks for a sign of life. */
  ping(): void;
  /** Gave none for too long. */
  cut(): void;
}

/** Read whenever they matter, so that what changes is soon in force. Both in seconds. */
export interface KeepaliveLimits {
  readonly pingInterval: number;
  /** Longer than the interval: an idle client speaks only when it is asked. */
  readonly idleTimeout: number;
}

/** The place of what is not watched. */
export const NOWHERE = -1;

/**
 * Milliseconds between ticks: 50,000 pings in 30 s are 417 a tick, some milliseconds of writing.
 * Shorter ticks would wake the loop for a few pings, and for each of their pongs.
 */
const TICK = 250;
/** Ticks made up for at once where the loop was late; more would be a burst of pings. */
const MAX_BEHIND = 4;
/** Of a place: the low part is the slot, the rest is the index in it. */
const SLOTS = 4096;

/**
 * Pings all connections and cuts those that are silent, with one timer: a wheel of slots, one of
 * which is looked at per tick. A connection stands in the slot of the tick at which there is
 * something to do for it; it costs two numbers and a place in an array, and leaves in one step.
 *
 * Who comes is put into a slot of its own choice within the interval, one after the other with
 * long strides, so that those who come at once are not all pinged at once.
 *
 * Time is counted in ticks that the loop made, not by the clock: when the process stood still,
 * what clients sent meanwhile still waits to be read, and none of them is cut for it.
 *
 * @example
 * ```ts
 * const keepalive = new Keepalive({ pingInterval: 30, idleTimeout: 75 });
 * keepalive.add(connection); // connection.ping() every 30 s, connection.cut() after 75 s of silence
 * connection.heardAt = keepalive.now; // whenever bytes come
 * keepalive.remove(connection);
 * ```
 */
export class Keepalive {
  /** Ticks so far. */
  now = 0;
  readonly #limits: KeepaliveLimits;
  readonly #slots: Watched[][] = Array.from({ length: SLOTS }, () => []);
  #size = 0;
  #stride = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickedAt = 0;

  constructor(limits: KeepaliveLimits) {
    this.#limits = limits;
  }

  /** How many are watched. */
  get size(): number {
    return this.#size;
  }

  /** Watches from now on, as if a byte had just come. */
  add(watched: Watched): void {
    watched.heardAt = this.now;
    // The golden ratio's part of the interval, again and again, fills it evenly at any number.
    this.#stride = (this.#stride + 0.618033988749895) % 1;
    this.#put(watched, 1 + Math.floor(this.#stride * this.#interval));
    this.#size++;
    if (this.#timer !== undefined) return;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(this.#turn, TICK);
  }

  /** Forgets it. Safe to call twice. */
  remove(watched: Watched): void {
    if (watched.place === NOWHERE) return;
    const slot = this.#slots[watched.place % SLOTS]!;
    const index = Math.floor(watched.place / SLOTS);
    watched.place = NOWHERE;
    const last = slot.pop()!;
    if (last !== watched) {
      // The last of the slot takes the place.
      slot[index] = last;
      last.place = index * SLOTS + last.place % SLOTS;
    }
    this.#left();
  }

  #left(): void {
    if (--this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** In ticks. */
  get #interval(): number {
    return Math.round(this.#limits.pingInterval * 1000 / TICK);
  }

  /** @param ahead ticks from now, as many as the wheel has at most */
  #put(watched: Watched, ahead: number): void {
    const at = (this.now + Math.max(1, Math.min(ahead, SLOTS - 1))) % SLOTS;
    watched.place = this.#slots[at]!.push(watched) * SLOTS - SLOTS + at;
  }

  readonly #turn = (): void => {
    const behind = Math.floor((performance.now() - this.#tickedAt) / TICK);
    this.#tickedAt = behind > MAX_BEHIND ? performance.now() : this.#tickedAt + behind * TICK;
    for (let ticks = Math.min(behind, MAX_BEHIND); ticks > 0; ticks--) this.#tick();
  };

  #tick(): void {
    this.now++;
    const slot = this.#slots[this.now % SLOTS]!;
    const interval = this.#interval;
    const timeout = Math.round(this.#limits.idleTimeout * 1000 / TICK);
    // One by one out of the slot, since a ping or a cut may make others leave it.
    for (let watched = slot.pop(); watched !== undefined; watched = slot.pop()) {
      const silent = this.now - watched.heardAt;
      if (silent >= timeout) {
        watched.place = NOWHERE;
        this.#left();
        watched.cut();
      } else {
        this.#put(watched, Math.min(interval, timeout - silent));
        watched.ping();
      }
    }
  }
}
