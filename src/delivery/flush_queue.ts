import type { Flushable } from "./flushable.ts";

/** What may be remembered after it was taken. */
const KEPT = 1024;

/** That something owes frames. */
export interface FlushEntry {
  readonly flushable: Flushable;
  /** Connections in it. */
  readonly size: number;
  /** When it began to, by `performance.now()`. */
  readonly time: number;
  /** Milliseconds that the event had been under way then; `undefined` for what is no event. */
  readonly age: number | undefined;
}

/**
 * What owes frames, the one that has owed them for longest first.
 *
 * @example
 * ```ts
 * const queue = new MarkQueue();
 * queue.add(connection, performance.now(), undefined);
 * queue.takeUntil(performance.now())?.owing.flush();
 * ```
 */
export class FlushQueue {
  #marks: FlushEntry[] = [];
  /** Up to here they were taken. */
  #at = 0;
  #connections = 0;

  /** Connections in what is left. */
  get connections(): number {
    return this.#connections;
  }

  /** Of the one that has waited for longest; `undefined` when there is none. */
  get firstTime(): number | undefined {
    return this.#marks[this.#at]?.time;
  }

  enqueue(owing: Flushable, time: number, age: number | undefined): void {
    const { size } = owing;
    this.#marks.push({ flushable: owing, size, time, age });
    this.#connections += size;
  }

  /** Takes the first one, if it was marked by a time. */
  takeUntil(time: number): FlushEntry | undefined {
    const first = this.#marks[this.#at];
    if (first === undefined || first.time > time) return undefined;
    this.#at++;
    this.#connections -= first.size;
    this.#forget();
    return first;
  }

  /** What was taken is not held on to; that costs next to nothing for each. */
  #forget(): void {
    if (this.#at === this.#marks.length) this.#marks = [];
    else if (this.#at > KEPT && this.#at > this.#marks.length / 2) {
      this.#marks = this.#marks.slice(this.#at);
    } else return;
    this.#at = 0;
  }
}
