import { Histogram, SECONDS } from "../telemetry/histogram.ts";
import type { Flushable, FlushScheduler } from "./flushable.ts";
import { FlushQueue } from "./flush_queue.ts";
import { WriteDelay } from "./write_delay.ts";

/**
 * Connections written to before the loop is let go, for the few and for the many. Where the next
 * turn is due at once, the runtime goes on for 61 turns before it looks at any socket, the
 * broker's among them; and each turn costs something.
 */
const SLICE = 64;
const SHORT_SLICE = 16;
/** Connections that are many. */
const MANY = 2048;

/**
 * Writes what connections owe: each some time after it was marked, in the order they were marked,
 * and all that it owes by then in one write.
 *
 * The system call is what costs, not the frame, so under load it pays to let frames gather; that
 * time is the {@linkcode WriteDelay}'s to say, and is nothing on a quiet server, where a flush happens at
 * the end of the loop's turn. Because each connection's time begins with its own first frame, no
 * frame waits for more than that and for those before it, however many connections there are.
 *
 * @example
 * ```ts
 * const flusher = new Flusher();
 * flusher.mark(connection); // connection.flush() is called soon
 * ```
 */
export class Flusher implements FlushScheduler {
  /** Seconds that each slice of a flush took to write. */
  readonly durations: Histogram = new Histogram(SECONDS);
  /** Seconds from the first event of each slice to the last write of it. */
  readonly latencies: Histogram = new Histogram(SECONDS);
  readonly #pace = new WriteDelay();
  /** How old the event is that is being delivered; `undefined` while none is. */
  #age: number | undefined;
  /** When it came; `undefined` until it marks something. */
  #came: number | undefined;
  readonly #marked = new FlushQueue();
  readonly #urgent = new FlushQueue();
  #scheduled = false;

  /**
   * What is marked until {@linkcode Flusher.eventEnds} is marked by an event, so its latency counts.
   *
   * @param age milliseconds that it has been under way already
   */
  eventBegins(age: number): void {
    this.#age = age;
    this.#came = undefined;
  }

  eventEnds(): void {
    this.#age = undefined;
  }

  schedule(owing: Flushable): void {
    this.#add(this.#marked, owing);
    this.#schedule();
  }

  /** Before all others: for a user's own orders and trades. */
  scheduleUrgent(owing: Flushable): void {
    if (this.#urgent.firstTime === undefined) setImmediate(this.#urgentTurn);
    this.#add(this.#urgent, owing);
  }

  #add(queue: FlushQueue, owing: Flushable): void {
    // To ask the clock costs more than all else here, and an event may mark thousands.
    const isEvent = this.#age !== undefined;
    queue.enqueue(owing, isEvent ? this.#came ??= performance.now() : performance.now(), this.#age);
  }

  #schedule(): void {
    const first = this.#marked.firstTime;
    if (this.#scheduled || first === undefined) return;
    this.#scheduled = true;
    const { delayMs } = this.#pace;
    const wait = delayMs === 0 ? 0 : first + delayMs - performance.now();
    if (wait < 1) setImmediate(this.#turn);
    else setTimeout(this.#turn, wait);
  }

  readonly #urgentTurn = (): void => {
    this.#write(this.#urgent, Infinity, Infinity);
  };

  readonly #turn = (): void => {
    this.#scheduled = false;
    // A timer comes a millisecond early or late: what is due within one is taken along.
    const due = performance.now() - this.#pace.delayMs + 1;
    this.#write(this.#marked, this.#marked.connections > MANY ? SHORT_SLICE : SLICE, due);
    this.#schedule();
  };

  /**
   * Writes what was marked by a time, to so many connections or, with the last that owe together, a
   * few more; and tells of it.
   */
  #write(queue: FlushQueue, most: number, due: number): void {
    const began = performance.now();
    const late = began - (queue.firstTime ?? began) - this.#pace.delayMs;
    let frames = 0;
    let writes = 0;
    let oldest: number | undefined;
    while (writes < most) {
      const mark = queue.takeUntil(due);
      if (mark === undefined) break;
      const written = mark.flushable.flush();
      // Somebody else had it flushed, or its client does not read.
      if (written === 0) continue;
      frames += written;
      writes += mark.size;
      if (oldest === undefined && mark.age !== undefined) oldest = mark.time - mark.age;
    }
    const now = performance.now();
    this.#pace.wrote(writes, frames, now - began, late, now);
    if (writes > 0) this.durations.observe((now - began) / 1000);
    if (oldest !== undefined) this.latencies.observe((now - oldest) / 1000);
  }
}
