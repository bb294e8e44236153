import { Histogram, SECONDS } from "./histogram.ts";

/** Milliseconds between two looks. */
const INTERVAL = 250;

/**
 * Watches how punctual the event loop is: what keeps it busy keeps every client waiting.
 *
 * @example
 * ```ts
 * const lag = new LoopLag();
 * lag.start();
 * lag.seconds.count; // four more a second
 * lag.stop();
 * ```
 */
export class LoopLag {
  /** Seconds that each look came late. */
  readonly seconds: Histogram = new Histogram(SECONDS);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    const due = performance.now() + INTERVAL;
    this.#timer = setTimeout(() => {
      this.seconds.observe(Math.max(0, performance.now() - due) / 1000);
      this.start();
    }, INTERVAL);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
