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

/** Of what is written that is no event: pings, answers. */
const NO_EVENT = -1;

/** Connections in the order they were marked, when, by `performance.now()`, and by how old an event. */
interface Marked {
  readonly connections: WebSocketConnection[];
  readonly times: number[];
  /** Milliseconds that the event had been under way when it came; {@linkcode NO_EVENT} for others. */
  readonly ages: number[];
}

function noneMarked(): Marked {
  return { connections: [], times: [], ages: [] };
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
  readonly #pace = new Pace();
  #age = NO_EVENT;
  /** When the event came that is being delivered; `undefined` until it marks somebody. */
  #came: number | undefined;
  #marked: Marked = noneMarked();
  /** Up to here they were written to. */
  #at = 0;
  #scheduled = false;
  #urgent: Marked = noneMarked();

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
    this.#age = NO_EVENT;
  }

  mark(connection: WebSocketConnection): void {
    this.#add(this.#marked, connection);
    this.#schedule();
  }

  /** Before all others: for a user's own orders and trades. */
  markUrgent(connection: WebSocketConnection): void {
    if (this.#urgent.connections.length === 0) setImmediate(this.#urgentTurn);
    this.#add(this.#urgent, connection);
  }

  #add({ connections, times, ages }: Marked, connection: WebSocketConnection): void {
    connections.push(connection);
    // To ask the clock costs more than all else here, and an event marks thousands.
    const isEvent = this.#age !== NO_EVENT;
    times.push(isEvent ? this.#came ??= performance.now() : performance.now());
    ages.push(this.#age);
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
    this.#urgent = noneMarked();
    this.#write(urgent, 0, urgent.connections.length, Infinity);
  };

  readonly #turn = (): void => {
    this.#scheduled = false;
    const left = this.#marked.connections.length - this.#at;
    const most = this.#at + Math.min(left > MANY ? SHORT_SLICE : SLICE, left);
    // A timer comes a millisecond early or late: what is due within one is taken along.
    const due = performance.now() - this.#pace.gathering + 1;
    this.#at = this.#write(this.#marked, this.#at, most, due);
    this.#forget();
    if (this.#at < this.#marked.connections.length) this.#schedule();
  };

  /**
   * Writes to those from `first` on that were marked before a time, and tells of it.
   *
   * @returns where it ended
   */
  #write({ connections, times, ages }: Marked, first: number, end: number, due: number): number {
    const began = performance.now();
    let frames = 0;
    let writes = 0;
    let oldest: number | undefined;
    let at = first;
    for (; at < end && times[at]! <= due; at++) {
      const written = connections[at]!.flush();
      // Somebody else had it flushed, or its client does not read.
      if (written === 0) continue;
      frames += written;
      writes++;
      if (oldest === undefined && ages[at] !== NO_EVENT) oldest = times[at]! - ages[at]!;
    }
    const now = performance.now();
    const late = began - times[first]! - this.#pace.gathering;
    this.#pace.wrote(writes, frames, now - began, late, now);
    if (writes > 0) this.durations.observe((now - began) / 1000);
    if (oldest !== undefined) this.latencies.observe((now - oldest) / 1000);
    return at;
  }

  /** What was written to is not held on to; that costs next to nothing for each. */
  #forget(): void {
    const { connections, times, ages } = this.#marked;
    if (this.#at === connections.length) {
      this.#marked = noneMarked();
    } else if (this.#at > KEPT && this.#at > connections.length / 2) {
      this.#marked = {
        connections: connections.slice(this.#at),
        times: times.slice(this.#at),
        ages: ages.slice(this.#at),
      };
    } else {
      return;
    }
    this.#at = 0;
  }
}
