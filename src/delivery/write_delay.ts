const MAX_WRITE_DELAY_MS = 20;
/** The delay and the wait for the outboxes that are due before, together, where that can be kept. */
const DELAY_BUDGET_MS = 24;
/** The delay changes by this much per window. */
const STEP_MS = 2;
/** Length of the window over which the load is measured. */
const WINDOW_MS = 50;
/** Shares of the time spent writing: above the first the delay grows, below the second it shrinks. */
const BUSY_SHARE = 0.4;
const IDLE_SHARE = 0.3;
/** Above this share writes cannot be more frequent, however late they are. */
const FULL_SHARE = 0.7;
/** With fewer frames per write than this nothing accumulates, so a delay would only delay. */
const MIN_FRAMES_PER_WRITE = 1.5;

/**
 * How long a connection's frames accumulate before they are written.
 *
 * The delay is zero while there is time to write each frame at once. As writing takes more of the
 * time, and frames do accumulate, it grows step by step, up to 20 ms: so load buys fewer, longer
 * writes with a delay that users do not notice. Where each write carries one frame anyway, as with one
 * stream of few events and very many subscribers, waiting would gain nothing. Where writes take
 * long, on a slow machine or with many connections, a frame also waits for the writes before its
 * own, and the delay is shorter by that.
 *
 * @example
 * ```ts
 * const writeDelay = new WriteDelay();
 * writeDelay.record(1000, 5000, 8, 3, performance.now());
 * setTimeout(() => console.log("flush"), writeDelay.delayMs);
 * ```
 */
export class WriteDelay {
  /** Milliseconds from a connection's first pending frame to its write. */
  delayMs = 0;
  #windowStart = 0;
  #writes = 0;
  #frames = 0;
  #writingMs = 0;
  #maxLateMs = 0;

  /**
   * Takes writes that were made into account.
   *
   * @param writes how many
   * @param frames how many they carried
   * @param tookMs milliseconds that they took
   * @param lateMs milliseconds that the first of them was behind its time
   * @param now milliseconds by a monotonic clock
   */
  record(writes: number, frames: number, tookMs: number, lateMs: number, now: number): void {
    this.#writes += writes;
    this.#frames += frames;
    this.#writingMs += tookMs;
    if (lateMs > this.#maxLateMs) this.#maxLateMs = lateMs;
    const elapsedMs = now - this.#windowStart;
    if (elapsedMs < WINDOW_MS) return;
    const busyShare = this.#writingMs / elapsedMs;
    const framesPerWrite = this.#frames / Math.max(this.#writes, 1);
    const maxDelayMs = busyShare > FULL_SHARE
      ? MAX_WRITE_DELAY_MS
      : Math.max(0, Math.min(MAX_WRITE_DELAY_MS, DELAY_BUDGET_MS - this.#maxLateMs));
    if (
      framesPerWrite < MIN_FRAMES_PER_WRITE || busyShare < IDLE_SHARE || this.delayMs > maxDelayMs
    ) {
      this.delayMs = Math.max(this.delayMs - STEP_MS, 0);
    } else if (busyShare > BUSY_SHARE) {
      this.delayMs = Math.min(this.delayMs + STEP_MS, maxDelayMs);
    }
    this.#windowStart = now;
    this.#writes = 0;
    this.#frames = 0;
    this.#writingMs = 0;
    this.#maxLateMs = 0;
  }
}
