/**
 * How many keys are remembered. Past it those that are new are not let through, until an interval
 * is over for one of these: memory stays bounded, and nothing is said twice in an interval.
 */
const REMEMBERED = 1000;

/**
 * Lets the same thing through once per interval, so that a fault that comes with every message
 * does not fill the log.
 *
 * @example
 * ```ts
 * const rarely = new Rarely(60_000);
 * if (rarely.allows(routingKey)) {
 *   log.warn("malformed routing key {routingKey}", { routingKey, ...rarely.since });
 * }
 * ```
 */
export class LogThrottle {
  readonly #interval: number;
  readonly #now: () => number;
  /** By key, the one that was let through longest ago first. */
  readonly #last = new Map<string, { at: number; withheld: number }>();
  #withheld = 0;
  /** Of those keys that are not remembered: how often they were withheld since it was told. */
  #strangers = 0;
  #strangersTold = 0;

  /**
   * @param interval milliseconds
   * @param now a clock in milliseconds that never goes back
   */
  constructor(interval: number, now: () => number = () => performance.now()) {
    this.#interval = interval;
    this.#now = now;
  }

  /** Whether it is time to say this again; if so, the next time is an interval away. */
  allows(key: string): boolean {
    const now = this.#now();
    const last = this.#last.get(key);
    if (last !== undefined && now - last.at < this.#interval) {
      last.withheld++;
      return false;
    }
    if (last === undefined && !this.#makeRoom(now)) {
      this.#strangers++;
      return false;
    }
    // Behind all others, so that the oldest is the first.
    this.#last.delete(key);
    this.#last.set(key, { at: now, withheld: 0 });
    this.#withheld = last?.withheld ?? 0;
    this.#strangersTold = this.#strangers;
    this.#strangers = 0;
    return true;
  }

  /**
   * How often what was just allowed was withheld since the time before, and how often others were
   * that there was no room to remember, as properties for its line of the log; none where there
   * was nothing.
   */
  get since(): { readonly withheld?: number; readonly othersWithheld?: number } {
    return {
      ...(this.#withheld === 0 ? {} : { withheld: this.#withheld }),
      ...(this.#strangersTold === 0 ? {} : { othersWithheld: this.#strangersTold }),
    };
  }

  /** Forgets those whose interval is over, where there is no room. @returns whether there is now */
  #makeRoom(now: number): boolean {
    if (this.#last.size < REMEMBERED) return true;
    for (const [key, { at, withheld }] of this.#last) {
      if (now - at < this.#interval) break;
      this.#last.delete(key);
      this.#strangers += withheld;
    }
    return this.#last.size < REMEMBERED;
  }
}
