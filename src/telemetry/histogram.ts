/**
 * Counts values by size, for a Prometheus histogram. Observing a value is a few comparisons and an
 * addition, so it is fit for thousands of values per second.
 *
 * @example
 * ```ts
 * const seconds = new Histogram([0.001, 0.01, 0.1, 1]);
 * seconds.observe(0.02);
 * [...seconds.cumulative()]; // [[0.001, 0], [0.01, 0], [0.1, 1], [1, 1]]
 * ```
 */
export class Histogram {
  readonly #bounds: readonly number[];
  /** One more than there are bounds: the last counts values above all of them. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds, ascending; each is included in its bucket */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** @param times how often the value occurred */
  observe(value: number, times = 1): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#counts[at]! += times;
    this.#sum += times * value;
  }

  /** The sum of all values. */
  get sum(): number {
    return this.#sum;
  }

  /** The number of values. */
  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** Each bound, with the number of values at or below it. */
  *cumulative(): Generator<readonly [bound: number, count: number]> {
    let total = 0;
    for (const [at, bound] of this.#bounds.entries()) {
      total += this.#counts[at]!;
      yield [bound, total];
    }
  }
}

/**
 * Bounds that double.
 *
 * @example
 * ```ts
 * doubling(1, 4); // [1, 2, 4, 8]
 * ```
 */
export function doubling(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, power) => first * 2 ** power);
}

/** Bounds for durations from less than a millisecond to a minute. */
export const SECONDS: readonly number[] = [
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
];
