import type { FlushScheduler, WebSocketConnection } from "../websocket/connection.ts";

/** Connections written to before the loop is let go, so that a flush of all delays nobody by much. */
const SLICE = 1024;

/**
 * Writes what connections owe, each once per flush.
 *
 * There is no timer. The first mark schedules a flush for the end of the loop's turn, so that
 * everything the turn brings goes out together; while a flush runs, the next events gather. So
 * batches grow with the load by themselves, and a quiet server adds no delay.
 *
 * @example
 * ```ts
 * const flusher = new Flusher();
 * flusher.mark(connection); // connection.flush() is called soon
 * ```
 */
export class Flusher implements FlushScheduler {
  #waiting: WebSocketConnection[] = [];
  #urgent: WebSocketConnection[] = [];
  /** The flush under way, and how far it is. */
  #flushing: WebSocketConnection[] = [];
  #at = 0;
  #scheduled = false;

  mark(connection: WebSocketConnection): void {
    this.#waiting.push(connection);
    this.#schedule();
  }

  /** Before all others, even those of a flush under way: for a user's own orders and trades. */
  markUrgent(connection: WebSocketConnection): void {
    this.#urgent.push(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#urgent.length > 0) {
      const urgent = this.#urgent;
      this.#urgent = [];
      for (const connection of urgent) connection.flush();
    }
    if (this.#at === this.#flushing.length) {
      this.#flushing = this.#waiting;
      this.#waiting = [];
      this.#at = 0;
    }
    const end = Math.min(this.#at + SLICE, this.#flushing.length);
    while (this.#at < end) this.#flushing[this.#at++]!.flush();
    if (this.#at < this.#flushing.length || this.#waiting.length > 0) this.#schedule();
    // What was written to is not held on to.
    else this.#flushing = [], this.#at = 0;
  };
}
