import type { Backlog } from "./backlog.ts";

/** A backlog, and its `lead` when it was last looked at. */
interface Entry {
  readonly backlog: Backlog;
  lead: number;
}

/**
 * The backlogs of a log, the one for which most waits in front. What is appended to the log waits
 * for all of them, so it does not change their order, and only the first need be looked at.
 *
 * @example
 * ```ts
 * import type { Backlog } from "./backlog.ts";
 * import type { SharedLog } from "./shared_log.ts";
 *
 * declare const backlog: Backlog, log: SharedLog;
 * const queue = new BacklogQueue();
 * queue.add(backlog);
 * queue.first?.waitingAt(log.last);
 * ```
 */
export class BacklogQueue {
  /** A binary heap. */
  readonly #heap: Entry[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The one for which most waits. */
  get first(): Backlog | undefined {
    return this.#heap[0]?.backlog;
  }

  add(backlog: Backlog): void {
    backlog.queueIndex = this.#heap.length;
    this.#heap.push({ backlog, lead: backlog.lead });
    this.#rise(backlog.queueIndex);
  }

  /** To be called when what waits has changed in another way than by appending to the log. */
  update(backlog: Backlog): void {
    this.#heap[backlog.queueIndex]!.lead = backlog.lead;
    this.#rise(backlog.queueIndex);
    this.#sink(backlog.queueIndex);
  }

  remove({ queueIndex }: Backlog): void {
    const last = this.#heap.pop()!;
    if (queueIndex === this.#heap.length) return;
    this.#put(last, queueIndex);
    this.#rise(queueIndex);
    this.#sink(last.backlog.queueIndex);
  }

  #rise(from: number): void {
    const entry = this.#heap[from]!;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (this.#heap[above]!.lead <= entry.lead) break;
      this.#put(this.#heap[above]!, index);
      index = above;
    }
    this.#put(entry, index);
  }

  #sink(from: number): void {
    const entry = this.#heap[from]!;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      const right = this.#heap[below + 1];
      if (right !== undefined && right.lead < this.#heap[below]!.lead) below++;
      if (below >= this.#heap.length || this.#heap[below]!.lead >= entry.lead) break;
      this.#put(this.#heap[below]!, index);
      index = below;
    }
    this.#put(entry, index);
  }

  #put(entry: Entry, index: number): void {
    this.#heap[index] = entry;
    entry.backlog.queueIndex = index;
  }
}
