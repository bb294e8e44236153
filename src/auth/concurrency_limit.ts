/**
 * Lets a number of callers go on at once; others wait in the order in which they came.
 *
 * @example
 * ```ts
 * const limit = new ConcurrencyLimit(64);
 * await limit.run(() => Promise.resolve("one of 64 at most"));
 * ```
 */
export class ConcurrencyLimit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  /** @returns what the work returns, which may also reject or throw */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Its place goes to the next, so that nobody else takes it in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
