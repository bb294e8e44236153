/**
 * Counts by label; counts never decrease. For events rare enough for a map: closes, refusals, limits,
 * results of authentication. There must be few labels, because they become labels of metrics.
 *
 * @example
 * ```ts
 * const closes = new LabelledCounter();
 * closes.add("slow consumer");
 * [...closes]; // [["slow consumer", 1]]
 * ```
 */
export class LabelledCounter implements Iterable<readonly [label: string, count: number]> {
  readonly #counts = new Map<string, number>();

  /** Adds 1, or `by`. */
  add(label: string, by = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + by);
  }

  /** 0 for a label without a count. */
  of(label: string): number {
    return this.#counts.get(label) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }

  /** As plain JSON. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
