/** Milliseconds of work in a row, and until the next. */
const SLICE_MS = 2;
const PAUSE_MS = 1;

/**
 * Work that may come for very many at once, and can wait: it is done for about two milliseconds, and
 * then the event loop has its turn, so that events still arrive and others are still written to. A
 * pause needs a timer, because the runtime polls no socket between turns that are due at once.
 *
 * @example
 * ```ts
 * const queue = new SlicedQueue((name: string) => console.log(name));
 * queue.add("a");
 * queue.add("b");
 * queue.delete("b"); // prints "a", at the end of the turn
 * ```
 */
export class SlicedQueue<T> {
  readonly #work: (item: T) => void;
  readonly #items = new Set<T>();
  #isScheduled = false;

  /** @param work may add its item again: then that has its turn after all others */
  constructor(work: (item: T) => void) {
    this.#work = work;
  }

  /** Items that wait for their turn. */
  get size(): number {
    return this.#items.size;
  }

  /** Does the work for an item soon, once however often it was added before that. */
  add(item: T): void {
    this.#items.add(item);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#slice);
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  readonly #slice = (): void => {
    const end = performance.now() + SLICE_MS;
    try {
      for (const item of this.#items) {
        this.#items.delete(item);
        this.#work(item);
        if (performance.now() >= end) break;
      }
    } finally {
      // Also when the work has failed for one of them.
      this.#isScheduled = this.#items.size > 0;
      if (this.#isScheduled) setTimeout(this.#slice, PAUSE_MS);
    }
  };
}
