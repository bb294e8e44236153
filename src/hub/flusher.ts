import { Histogram, SECONDS } from "../ops/histogram.ts";
import type { FlushScheduler, WebSocketConnection } from "../websocket/connection.ts";

/** Connections written to before the loop is let go, so that a flush of all delays nobody by much. */
const SLICE = 1024;

/** Milliseconds that a flush waits for more to gather, at most. */
const MAX_REST = 10;
/** Frames per write from which on a flush waits as long as the one before took. */
const FULL_REST = 5;

/**
 * Writes what connections owe, each once per flush.
 *
 * The first mark schedules a flush for the end of the loop's turn, so that everything the turn
 * brings goes out together; while a flush runs, the next events gather. After a flush the next one
 * waits as long as that one took, up to some milliseconds: the system call is what costs, so a
 * flush of many connections is worth more when more has gathered. So batches grow with the load by
 * themselves, and a quiet server, whose flushes take next to no time, adds no delay.
 *
 * @example
 * ```ts
 * const flusher = new Flusher();
 * flusher.mark(connection); // connection.flush() is called soon
 * ```
 */
export class Flusher implements FlushScheduler {
  /** Seconds that each flush took to write, without the turns of others between its slices. */
  readonly durations: Histogram = new Histogram(SECONDS);
  /** Seconds from the first event of each flush to the last write of it. */
  readonly latencies: Histogram = new Histogram(SECONDS);
  /** Milliseconds that what comes in now has been under way already. */
  age = 0;
  #waiting: WebSocketConnection[] = [];
  #scheduled = false;
  /** The flush under way, how far it is, and the milliseconds that it took so far. */
  #flushing: WebSocketConnection[] = [];
  #at = 0;
  #took = 0;
  /** When the first event of the flush under way was published, and of the next one. */
  #flushesSince = 0;
  #waitsSince = 0;
  #writes = 0;
  #frames = 0;
  /** When the next flush may begin, by `performance.now()`. */
  #restsUntil = 0;
  #urgent: WebSocketConnection[] = [];

  mark(connection: WebSocketConnection): void {
    if (this.#waiting.length === 0) this.#waitsSince = performance.now() - this.age;
    this.#waiting.push(connection);
    this.#schedule();
  }

  /** Before all others, even those of a flush under way: for a user's own orders and trades. */
  markUrgent(connection: WebSocketConnection): void {
    if (this.#urgent.length === 0) setImmediate(this.#urgentTurn);
    this.#urgent.push(connection);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const rest = this.#restsUntil - performance.now();
    if (rest < 1) setImmediate(this.#turn);
    else setTimeout(this.#turn, rest);
  }

  readonly #urgentTurn = (): void => {
    const urgent = this.#urgent;
    this.#urgent = [];
    for (const connection of urgent) connection.flush();
  };

  readonly #turn = (): void => {
    this.#scheduled = false;
    const began = performance.now();
    if (this.#at === this.#flushing.length) {
      this.#flushing = this.#waiting;
      this.#waiting = [];
      this.#at = 0;
      this.#took = 0;
      this.#flushesSince = this.#waitsSince;
      this.#writes = this.#flushing.length;
      this.#frames = 0;
    }
    const end = Math.min(this.#at + SLICE, this.#flushing.length);
    let frames = 0;
    while (this.#at < end) frames += this.#flushing[this.#at++]!.flush();
    this.#frames += frames;
    const now = performance.now();
    this.#took += now - began;
    if (this.#at < this.#flushing.length) return this.#schedule();
    this.durations.observe(this.#took / 1000);
    this.latencies.observe((now - this.#flushesSince) / 1000);
    // What was written to is not held on to.
    this.#flushing = [];
    this.#at = 0;
    const gathered = (this.#frames / this.#writes - 1) / (FULL_REST - 1);
    this.#restsUntil = now + Math.min(this.#took * Math.min(gathered, 1), MAX_REST);
    if (this.#waiting.length > 0) this.#schedule();
  };
}
