import { Histogram, SECONDS } from "../telemetry/histogram.ts";
import { type Flushable, FlushQueue } from "./flush_queue.ts";
import { SlicedQueue } from "./sliced_queue.ts";
import { WriteDelay } from "./write_delay.ts";

/**
 * Connections to flush per event-loop turn, with few and with many of them due. While the next turn
 * is due at once, the runtime runs 61 turns before it polls any socket, the broker's among them, so
 * a turn must be short; each turn also has a cost, so it must not be too short.
 */
const CONNECTIONS_PER_TURN = 64;
const CONNECTIONS_PER_SHORT_TURN = 16;
/** With more connections due than this, turns are short. */
const SHORT_TURN_THRESHOLD = 2048;

/**
 * Decides when outboxes are flushed: each some time after it was scheduled, in the order in which
 * they were scheduled, and all of its pending frames in one write.
 *
 * The system call is the cost, not the frame, so under load it pays to let frames accumulate. The
 * {@linkcode WriteDelay} says for how long; on a quiet server that is not at all, and a flush runs
 * at the end of the event-loop turn. Each outbox's delay begins with its own first frame, so a frame
 * waits for that delay and for the outboxes before it, however many connections there are.
 *
 * @example
 * ```ts
 * import { type Flushable } from "./flush_queue.ts";
 * declare const outbox: Flushable;
 * const flusher = new Flusher();
 * flusher.schedule(outbox); // outbox.flush() is called soon
 * ```
 */
export class Flusher {
  /** Seconds that the writes of each turn took. */
  readonly durations: Histogram = new Histogram(SECONDS);
  /** Seconds from the publication of each turn's first event to the last write of that turn. */
  readonly latencies: Histogram = new Histogram(SECONDS);
  readonly #writeDelay = new WriteDelay();
  readonly #queue = new FlushQueue();
  readonly #urgentQueue = new FlushQueue();
  readonly #behind = new SlicedQueue((flushable: Flushable) => void flushable.flush());
  #turnScheduled = false;

  /**
   * Calls `flush` when the write delay has passed.
   *
   * @param age milliseconds since the event was published, when it is an event that is to be
   * written: it counts in {@linkcode Flusher.latencies}
   */
  schedule(flushable: Flushable, age?: number): void {
    this.#queue.enqueue(flushable, performance.now(), age);
    this.#scheduleTurn();
  }

  /** Calls `flush` at the end of this turn, before all others: for a user's own orders and trades. */
  scheduleUrgent(flushable: Flushable, age?: number): void {
    if (this.#urgentQueue.firstTime === undefined) setImmediate(this.#urgentTurn);
    this.#urgentQueue.enqueue(flushable, performance.now(), age);
  }

  /** Calls `flush` soon, a few in a row: for outboxes that had to wait for the kernel. */
  scheduleBehind(flushable: Flushable): void {
    this.#behind.add(flushable);
  }

  #scheduleTurn(): void {
    const first = this.#queue.firstTime;
    if (this.#turnScheduled || first === undefined) return;
    this.#turnScheduled = true;
    const { delayMs } = this.#writeDelay;
    const waitMs = delayMs === 0 ? 0 : first + delayMs - performance.now();
    if (waitMs < 1) setImmediate(this.#turn);
    else setTimeout(this.#turn, waitMs);
  }

  readonly #urgentTurn = (): void => {
    this.#flush(this.#urgentQueue, Infinity, Infinity);
  };

  readonly #turn = (): void => {
    this.#turnScheduled = false;
    // A timer fires up to a millisecond early or late: what is due within one is included.
    const dueTime = performance.now() - this.#writeDelay.delayMs + 1;
    const maxConnections = this.#queue.connections > SHORT_TURN_THRESHOLD
      ? CONNECTIONS_PER_SHORT_TURN
      : CONNECTIONS_PER_TURN;
    this.#flush(this.#queue, maxConnections, dueTime);
    this.#scheduleTurn();
  };

  /**
   * Flushes what was scheduled at or before a time, until `maxConnections` were written to (the
   * last group may exceed that), and records it.
   */
  #flush(queue: FlushQueue, maxConnections: number, dueTime: number): void {
    const began = performance.now();
    const lateMs = began - (queue.firstTime ?? began) - this.#writeDelay.delayMs;
    let frames = 0;
    let writes = 0;
    let waitMs = 0;
    let firstPublished: number | undefined;
    while (writes < maxConnections) {
      const entry = queue.takeUntil(dueTime);
      if (entry === undefined) break;
      const flushed = entry.flushable.flush();
      // It was flushed before its time, or its client does not read.
      if (flushed === 0) continue;
      frames += flushed;
      writes += entry.size;
      waitMs += (began - entry.time) * entry.size;
      if (entry.age !== undefined) firstPublished ??= entry.time - entry.age;
    }
    const now = performance.now();
    this.#writeDelay.record({ writes, frames, waitMs, tookMs: now - began, lateMs }, now);
    if (writes > 0) this.durations.observe((now - began) / 1000);
    if (firstPublished !== undefined) this.latencies.observe((now - firstPublished) / 1000);
  }
}
