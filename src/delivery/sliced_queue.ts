import { Slices } from "./slices.ts";

/**
 * Work that may come for very many at once, and can wait: it is done in {@linkcode Slices}, in the
 * order in which it came.
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
  readonly #slices = new Slices((end) => this.#workUntil(end));

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
    this.#slices.schedule();
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  #workUntil(end: number): boolean {
    for (const item of this.#items) {
      this.#items.delete(item);
      this.#work(item);
      if (performance.now() >= end) break;
    }
    return this.#items.size > 0;
  }
}
