/** Milliseconds that frames gather, at most. */
const MOST = 20;
/** Milliseconds that the time changes by, at a time. */
const STEP = 1;
/** Milliseconds between two looks at the load. */
const WINDOW = 10;
/** Shares of the time spent with writing: above the one it pays to gather, below the other not. */
const BUSY = 0.4;
const IDLE = 0.3;
/** Frames per write: below, gathering gathers nothing and only delays. */
const GATHERS = 1.5;

/**
 * How long a connection's frames gather before they are written.
 *
 * Nothing while there is time to write each at once. As writing takes more of the time, and frames
 * do gather, longer step by step, up to {@linkcode MOST} milliseconds: so load buys fewer, longer
 * writes with a delay that nobody sees. Where each write carries one frame anyway, as with one
 * stream of few events and very many subscribers, there is nothing to win by waiting.
 *
 * @example
 * ```ts
 * const pace = new Pace();
 * pace.wrote(1000, 5000, 8, performance.now()); // writes, frames, milliseconds that they took
 * setTimeout(flush, pace.gathering);
 * ```
 */
export class Pace {
  /** Milliseconds from a connection's first frame to its write. */
  gathering = 0;
  #since = 0;
  #writes = 0;
  #frames = 0;
  #took = 0;

  /**
   * Tells of writes that were made.
   *
   * @param took milliseconds that they took
   * @param now milliseconds, by a clock that never goes back
   */
  wrote(writes: number, frames: number, took: number, now: number): void {
    this.#writes += writes;
    this.#frames += frames;
    this.#took += took;
    const elapsed = now - this.#since;
    if (elapsed < WINDOW) return;
    const busy = this.#took / elapsed;
    const each = this.#frames / Math.max(this.#writes, 1);
    if (busy > BUSY && each > GATHERS) this.gathering = Math.min(this.gathering + STEP, MOST);
    else if (busy < IDLE || each < GATHERS) this.gathering = Math.max(this.gathering - STEP, 0);
    this.#since = now;
    this.#writes = 0;
    this.#frames = 0;
    this.#took = 0;
  }
}
