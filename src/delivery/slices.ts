/** Milliseconds of work in a row, and until the next. */
const SLICE_MS = 2;
const PAUSE_MS = 1;

/**
 * When work that can wait is done: for about two milliseconds, and then the event loop has its turn,
 * so that events still arrive and others are still written to. A pause needs a timer, because the
 * runtime polls no socket between turns that are due at once.
 *
 * @example
 * ```ts
 * const names = ["a", "b"];
 * const slices = new Slices((end) => {
 *   while (names.length > 0 && performance.now() < end) console.log(names.shift());
 *   return names.length > 0;
 * });
 * slices.schedule();
 * ```
 */
export class Slices {
  readonly #work: (end: number) => boolean;
  #isScheduled = false;

  /**
   * @param work is done until `end`, a time of `performance.now()`. It returns whether some is left;
   * also where it throws, it is called again
   */
  constructor(work: (end: number) => boolean) {
    this.#work = work;
  }

  /** Has the work done at the end of this turn, or after a pause when it was done just now. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#slice);
  }

  readonly #slice = (): void => {
    let isLeft = true;
    try {
      isLeft = this.#work(performance.now() + SLICE_MS);
    } finally {
      this.#isScheduled = isLeft;
      if (isLeft) setTimeout(this.#slice, PAUSE_MS);
    }
  };
}
