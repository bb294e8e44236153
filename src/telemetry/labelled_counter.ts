/**
 * Counts by label; each only ever grows. For what is rare enough that a map is nothing: closes,
 * refusals, limits, results of authentication. Labels must be few: they become labels of metrics.
 *
 * @example
 * ```ts
 * const closes = new Tally();
 * closes.add("slow consumer");
 * [...closes]; // [["slow consumer", 1]]
 * ```
 */
export class LabelledCounter implements Iterable<readonly [label: string, count: number]> {
  readonly #counts = new Map<string, number>();

  /** Counts once more, or `by` more. */
  add(label: string, by = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + by);
  }

  /** 0 for a label that was never counted. */
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
