import { Histogram, SECONDS } from "./histogram.ts";

/** Milliseconds between measurements. */
const INTERVAL_MS = 250;

/**
 * Measures how late timers of the event loop fire: whatever delays it delays every client.
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
  /** Seconds by which each timer was late. */
  readonly seconds: Histogram = new Histogram(SECONDS);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    const due = performance.now() + INTERVAL_MS;
    this.#timer = setTimeout(() => {
      this.seconds.observe(Math.max(0, performance.now() - due) / 1000);
      this.start();
    }, INTERVAL_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
