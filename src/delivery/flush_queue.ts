/** Something that has frames to write: one outbox, or a group of outboxes that are at the same frame. */
export interface Flushable {
  /** Connections in it. */
  readonly size: number;
  /**
   * Writes everything that is pending, with one write per connection.
   *
   * @returns frames written, over all connections; 0 when there was nothing to write
   */
  flush(): number;
}

/** One scheduled flush. */
export interface FlushEntry {
  readonly flushable: Flushable;
  /** Connections in it when it was scheduled. */
  readonly size: number;
  /** When it was scheduled, in milliseconds by `performance.now()`. */
  readonly time: number;
  /**
   * How old, in milliseconds, the event was that caused it; `undefined` when it was caused by
   * something else, such as an answer or a ping.
   */
  readonly age: number | undefined;
}

/** Entries that were taken and may stay in the array before it is shortened. */
const MAX_TAKEN_ENTRIES = 1024;

/**
 * Scheduled flushes, oldest first.
 *
 * @example
 * ```ts
 * declare const outbox: Flushable;
 * const queue = new FlushQueue();
 * queue.enqueue(outbox, performance.now(), undefined);
 * queue.takeUntil(performance.now())?.flushable.flush();
 * ```
 */
export class FlushQueue {
  #entries: FlushEntry[] = [];
  /** Index of the oldest entry that was not taken yet. */
  #first = 0;
  #connections = 0;

  /** Connections in all queued entries. */
  get connections(): number {
    return this.#connections;
  }

  /** When the oldest entry was scheduled; `undefined` for an empty queue. */
  get firstTime(): number | undefined {
    return this.#entries[this.#first]?.time;
  }

  /** @param time not before that of the last entry */
  enqueue(flushable: Flushable, time: number, age: number | undefined): void {
    const { size } = flushable;
    this.#entries.push({ flushable, size, time, age });
    this.#connections += size;
  }

  /** Takes the oldest entry, if it was scheduled at or before `time`. */
  takeUntil(time: number): FlushEntry | undefined {
    const first = this.#entries[this.#first];
    if (first === undefined || first.time > time) return undefined;
    this.#first++;
    this.#connections -= first.size;
    this.#dropTaken();
    return first;
  }

  /** Releases taken entries, in batches: shifting the array for each one would cost too much. */
  #dropTaken(): void {
    if (this.#first === this.#entries.length) this.#entries = [];
    else if (this.#first > MAX_TAKEN_ENTRIES && this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
    } else return;
    this.#first = 0;
  }
}
