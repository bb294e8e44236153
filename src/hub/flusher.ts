import { Histogram, SECONDS } from "../ops/histogram.ts";
import type { FlushScheduler, WebSocketConnection } from "../websocket/connection.ts";
import { Pace } from "./pace.ts";

/**
 * Connections written to before the loop is let go, for the few and for the many. Where the next
 * turn is due at once, the runtime goes on for 61 turns before it looks at any socket, the
 * broker's among them; and each turn costs something.
 */
const SLICE = 64;
const SHORT_SLICE = 16;
/** Connections that are many. */
const MANY = 2048;
/** Connections that may be remembered after they were written to. */
const KEPT = 1024;

/** Connections in the order they were marked, and when, by `performance.now()`. */
interface Marked {
  readonly connections: WebSocketConnection[];
  readonly times: number[];
}

/**
 * Writes what connections owe: each some time after it was marked, in the order they were marked,
 * and all that it owes by then in one write.
 *
 * The system call is what costs, not the frame, so under load it pays to let frames gather; that
 * time is the {@linkcode Pace}'s to say, and is nothing on a quiet server, where a flush happens at
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
  /** Milliseconds that what comes in now has been under way already. */
  age = 0;
  readonly #pace = new Pace();
  #marked: Marked = { connections: [], times: [] };
  /** Up to here they were written to. */
  #at = 0;
  #scheduled = false;
  #urgent: WebSocketConnection[] = [];

  mark(connection: WebSocketConnection): void {
    this.#marked.connections.push(connection);
    this.#marked.times.push(performance.now());
    this.#schedule();
  }

  /** Before all others: for a user's own orders and trades. */
  markUrgent(connection: WebSocketConnection): void {
    if (this.#urgent.length === 0) setImmediate(this.#urgentTurn);
    this.#urgent.push(connection);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#pace.gathering === 0 ? 0 : this.#dueIn();
    if (wait < 1) setImmediate(this.#turn);
    else setTimeout(this.#turn, wait);
  }

  /** Milliseconds until the next one's time has come. */
  #dueIn(): number {
    return this.#marked.times[this.#at]! + this.#pace.gathering - performance.now();
  }

  readonly #urgentTurn = (): void => {
    const urgent = this.#urgent;
    this.#urgent = [];
    for (const connection of urgent) connection.flush();
  };

  readonly #turn = (): void => {
    this.#scheduled = false;
    const { connections, times } = this.#marked;
    const began = performance.now();
    const first = this.#at;
    const oldest = times[first]!;
    // A timer comes a millisecond early or late: what is due within one is taken along.
    const due = began - this.#pace.gathering + 1;
    const left = connections.length - first;
    const end = first + Math.min(left > MANY ? SHORT_SLICE : SLICE, left);
    let frames = 0;
    let at = first;
    while (at < end && times[at]! <= due) frames += connections[at++]!.flush();
    const now = performance.now();
    this.#at = at;
    this.#pace.wrote(at - first, frames, now - began, now);
    this.durations.observe((now - began) / 1000);
    this.latencies.observe((now - oldest + this.age) / 1000);
    this.#forget();
    if (this.#at < this.#marked.connections.length) this.#schedule();
  };

  /** What was written to is not held on to; that costs next to nothing for each. */
  #forget(): void {
    const { connections, times } = this.#marked;
    if (this.#at === connections.length) {
      this.#marked = { connections: [], times: [] };
    } else if (this.#at > KEPT && this.#at > connections.length / 2) {
      this.#marked = { connections: connections.slice(this.#at), times: times.slice(this.#at) };
    } else {
      return;
    }
    this.#at = 0;
  }
}
