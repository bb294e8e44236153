/** Timers and clocks of this process that move when a test says so. */

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly action: () => void;
}

/**
 * Takes the place of `setTimeout`, `performance.now` and `Math.random` until it is disposed of.
 *
 * @example
 * ```ts
 * using clock = new FakeClock();
 * setTimeout(() => console.log("a minute later"), 60_000);
 * clock.pass(60_000);
 * ```
 */
export class FakeClock implements Disposable {
  /** What `Math.random` returns. */
  random = 0.5;
  #now = 1_000_000;
  #last = 0;
  #timers: Timer[] = [];
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    now: performance.now,
    random: Math.random,
  };

  constructor() {
    const setTimeout = (action: () => void, milliseconds = 0) => {
      this.#timers.push({ id: ++this.#last, at: this.#now + milliseconds, action });
      return this.#last;
    };
    const clearTimeout = (id: number | undefined) => {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
    Object.assign(globalThis, { setTimeout, clearTimeout });
    performance.now = () => this.#now;
    Math.random = () => this.random;
  }

  /** Milliseconds from now at which each timer is due, the earliest first. */
  get due(): number[] {
    return this.#timers.map(({ at }) => at - this.#now).toSorted((a, b) => a - b);
  }

  /** Lets time pass, and everything happen that is due meanwhile, in order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (true) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at || a.id - b.id)[0];
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.at;
      next.action();
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    const { setTimeout, clearTimeout, now, random } = this.#real;
    Object.assign(globalThis, { setTimeout, clearTimeout });
    performance.now = now;
    Math.random = random;
  }
}
