/** How many keys are remembered; past it everything may be said again, and memory stays bounded. */
const REMEMBERED = 1000;

/**
 * Lets the same thing through once per interval, so that a fault that comes with every message
 * does not fill the log.
 *
 * @example
 * ```ts
 * const rarely = new Rarely(60_000);
 * if (rarely.allows(routingKey)) log.warn("malformed routing key {routingKey}", { routingKey });
 * ```
 */
export class Rarely {
  readonly #interval: number;
  readonly #now: () => number;
  readonly #last = new Map<string, number>();

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
    if (last !== undefined && now - last < this.#interval) return false;
    if (this.#last.size >= REMEMBERED) this.#last.clear();
    this.#last.set(key, now);
    return true;
  }
}
