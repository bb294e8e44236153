/**
 * Counts values by size, for a histogram of Prometheus. To observe is a few comparisons and an
 * addition, so that it may stand where thousands of values come in a second.
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
  /** One more than there are bounds: the last is of what is above them all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper ones, each included in its bucket; rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#counts[at]!++;
    this.#sum += value;
  }

  /** Of all values observed. */
  get sum(): number {
    return this.#sum;
  }

  /** How many values were observed. */
  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** Each bound, and how many values were at it or below. */
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

/** Bounds for what should take less than a millisecond, and may take a minute when things go wrong. */
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
