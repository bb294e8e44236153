/**
 * Maximum number of keys. Above it new keys are withheld until the interval of another one is over, so
 * memory stays bounded and no key passes twice in an interval.
 */
const MAX_KEYS = 1000;

/**
 * Lets each key pass once per interval, so that a fault that occurs with every message does not fill
 * the log.
 *
 * @example
 * ```ts
 * const throttle = new LogThrottle(60_000);
 * if (throttle.allows("public.btcusd")) console.log("malformed routing key", throttle.since);
 * ```
 */
export class LogThrottle {
  readonly #interval: number;
  readonly #now: () => number;
  /** By key, the one that passed first in front. */
  readonly #last = new Map<string, { at: number; withheld: number }>();
  #withheld = 0;
  /** How often keys without an entry were withheld: since the last report, and in it. */
  #others = 0;
  #othersReported = 0;

  /**
   * @param interval milliseconds
   * @param now a monotonic clock in milliseconds
   */
  constructor(interval: number, now: () => number = () => performance.now()) {
    this.#interval = interval;
    this.#now = now;
  }

  /** Whether the key may pass; if so, it is withheld for an interval. */
  allows(key: string): boolean {
    const now = this.#now();
    const last = this.#last.get(key);
    if (last !== undefined && now - last.at < this.#interval) {
      last.withheld++;
      return false;
    }
    if (last === undefined && !this.#makeRoom(now)) {
      this.#others++;
      return false;
    }
    // Moved to the end, so that the oldest is in front.
    this.#last.delete(key);
    this.#last.set(key, { at: now, withheld: 0 });
    this.#withheld = last?.withheld ?? 0;
    this.#othersReported = this.#others;
    this.#others = 0;
    return true;
  }

  /**
   * How often the key that just passed was withheld before, and how often keys without an entry were,
   * as properties for its line in the log; without those that are 0.
   */
  get since(): { readonly withheld?: number; readonly othersWithheld?: number } {
    return {
      ...(this.#withheld === 0 ? {} : { withheld: this.#withheld }),
      ...(this.#othersReported === 0 ? {} : { othersWithheld: this.#othersReported }),
    };
  }

  /** Removes keys whose interval is over, if there are too many. @returns whether there is room */
  #makeRoom(now: number): boolean {
    if (this.#last.size < MAX_KEYS) return true;
    for (const [key, { at, withheld }] of this.#last) {
      if (now - at < this.#interval) break;
      this.#last.delete(key);
      this.#others += withheld;
    }
    return this.#last.size < MAX_KEYS;
  }
}
