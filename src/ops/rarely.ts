/** How many keys are remembered; past it everything may be said again, and memory stays bounded. */
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
export class Rarely {
  readonly #interval: number;
  readonly #now: () => number;
  readonly #last = new Map<string, { at: number; withheld: number }>();
  #withheld = 0;

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
    if (this.#last.size >= REMEMBERED) this.#last.clear();
    this.#last.set(key, { at: now, withheld: 0 });
    this.#withheld = last?.withheld ?? 0;
    return true;
  }

  /**
   * How often what was just allowed was withheld since the time before, as a property for its line
   * of the log; none where it was not.
   */
  get since(): { readonly withheld?: number } {
    return this.#withheld === 0 ? {} : { withheld: this.#withheld };
  }
}
