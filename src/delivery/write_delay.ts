/** Milliseconds that frames gather, at most. */
const MAX_WRITE_DELAY_MS = 20;
/** Milliseconds that they may gather and then wait for their turn together, where that is to be had. */
const DELAY_BUDGET_MS = 24;
/** Milliseconds that the time changes by, at a time. */
const STEP_MS = 2;
/** Milliseconds between two looks at the load: some rounds of all connections, each with its rest. */
const WINDOW_MS = 50;
/** Shares of the time spent with writing: above the one it pays to gather, below the other not. */
const BUSY_SHARE = 0.4;
const IDLE_SHARE = 0.3;
/** Above this share there is no time to write more often, however long it takes. */
const FULL_SHARE = 0.7;
/** Frames per write: below, gathering gathers nothing and only delays. */
const MIN_FRAMES_PER_WRITE = 1.5;

/**
 * How long a connection's frames gather before they are written.
 *
 * Nothing while there is time to write each at once. As writing takes more of the time, and frames
 * do gather, longer step by step, up to {@linkcode MAX_WRITE_DELAY_MS} milliseconds: so load buys fewer, longer
 * writes with a delay that nobody sees. Where each write carries one frame anyway, as with one
 * stream of few events and very many subscribers, there is nothing to win by waiting. Where writes
 * take long, on a slow machine or with many connections, frames wait for their turn as well, and
 * gather the less for it.
 *
 * @example
 * ```ts
 * const pace = new Pace();
 * // Writes, frames, milliseconds that they took and that they came late.
 * pace.wrote(1000, 5000, 8, 3, performance.now());
 * setTimeout(flush, pace.gathering);
 * ```
 */
export class WriteDelay {
  /** Milliseconds from a connection's first frame to its write. */
  delayMs = 0;
  #since = 0;
  #writes = 0;
  #frames = 0;
  #took = 0;
  #late = 0;

  /**
   * Tells of writes that were made.
   *
   * @param took milliseconds that they took
   * @param late milliseconds that the first of them was behind its time
   * @param now milliseconds, by a clock that never goes back
   */
  wrote(writes: number, frames: number, took: number, late: number, now: number): void {
    this.#writes += writes;
    this.#frames += frames;
    this.#took += took;
    if (late > this.#late) this.#late = late;
    const elapsed = now - this.#since;
    if (elapsed < WINDOW_MS) return;
    const busy = this.#took / elapsed;
    const each = this.#frames / Math.max(this.#writes, 1);
    const most = busy > FULL_SHARE
      ? MAX_WRITE_DELAY_MS
      : Math.max(0, Math.min(MAX_WRITE_DELAY_MS, DELAY_BUDGET_MS - this.#late));
    if (each < MIN_FRAMES_PER_WRITE || busy < IDLE_SHARE || this.delayMs > most) {
      this.delayMs = Math.max(this.delayMs - STEP_MS, 0);
    } else if (busy > BUSY_SHARE) {
      this.delayMs = Math.min(this.delayMs + STEP_MS, most);
    }
    this.#since = now;
    this.#writes = 0;
    this.#frames = 0;
    this.#took = 0;
    this.#late = 0;
  }
}
