/** A connection that has to answer pings. */
export interface Watched {
  /** {@linkcode Keepalive.now} when the last byte was received. The connection sets it. */
  heardAt: number;
  /** Its slot and its index there; {@linkcode NOWHERE} outside the wheel. Only the wheel sets it. */
  place: number;
  /** Sends a ping. */
  ping(): void;
  /** Ends the connection: nothing was received for too long. */
  cut(): void;
}

/** In seconds. Read at every use, so a reload takes effect soon. */
export interface KeepaliveLimits {
  readonly pingInterval: number;
  /** Longer than the interval: an idle client sends nothing but pongs. */
  readonly idleTimeout: number;
}

/** The `place` of a connection that is not in the wheel. */
export const NOWHERE = -1;

/**
 * Milliseconds between ticks: 50,000 pings in 30 s are 417 per tick, some milliseconds of writing.
 * Shorter ticks would wake the event loop for a few pings, and for each of their pongs.
 */
const TICK_MS = 250;
/** Late ticks that are made up for at once; more would be a burst of pings. */
const MAX_LATE_TICKS = 4;
/** Slots of the wheel. `place % SLOTS` is a slot, and the rest of `place` is the index in it. */
const SLOTS = 4096;

/**
 * Pings all connections and cuts those that are silent, with one timer: a wheel of slots, one of
 * which is processed per tick. A connection is in the slot of the tick at which there is something
 * to do for it; that costs two numbers and an array element, and leaving takes constant time.
 *
 * New connections are spread over the slots of one interval, with long strides between one and the
 * next, so that connections that open together are not all pinged together.
 *
 * Time is counted in ticks of the event loop, not by the clock: after the process was suspended,
 * what clients sent meanwhile is still to be read, and none of them is cut for it.
 *
 * @example
 * ```ts
 * declare const connection: Watched;
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

  /** Connections in the wheel. */
  get size(): number {
    return this.#size;
  }

  /** Adds a connection, as if a byte had just been received. */
  add(watched: Watched): void {
    watched.heardAt = this.now;
    // Steps of the golden ratio fill the interval evenly, whatever the number of connections.
    this.#stride = (this.#stride + 0.618033988749895) % 1;
    this.#put(watched, 1 + Math.floor(this.#stride * this.#interval));
    this.#size++;
    if (this.#timer !== undefined) return;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(this.#onTimer, TICK_MS);
  }

  /** Removes a connection. Safe to call twice. */
  remove(watched: Watched): void {
    if (watched.place === NOWHERE) return;
    const slot = this.#slots[watched.place % SLOTS]!;
    const index = Math.floor(watched.place / SLOTS);
    watched.place = NOWHERE;
    const last = slot.pop()!;
    if (last !== watched) {
      // The last one in the slot takes its index.
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
    return Math.round(this.#limits.pingInterval * 1000 / TICK_MS);
  }

  /** @param ahead ticks from now; the wheel's size limits them */
  #put(watched: Watched, ahead: number): void {
    const at = (this.now + Math.max(1, Math.min(ahead, SLOTS - 1))) % SLOTS;
    watched.place = this.#slots[at]!.push(watched) * SLOTS - SLOTS + at;
  }

  readonly #onTimer = (): void => {
    const due = Math.floor((performance.now() - this.#tickedAt) / TICK_MS);
    this.#tickedAt = due > MAX_LATE_TICKS ? performance.now() : this.#tickedAt + due * TICK_MS;
    for (let ticks = Math.min(due, MAX_LATE_TICKS); ticks > 0; ticks--) this.#tick();
  };

  #tick(): void {
    this.now++;
    const slot = this.#slots[this.now % SLOTS]!;
    const interval = this.#interval;
    const timeout = Math.round(this.#limits.idleTimeout * 1000 / TICK_MS);
    // One at a time, because a ping or a cut may make others leave the slot.
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
