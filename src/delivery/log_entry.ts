import type { FrameChain } from "./frame_chain.ts";
import { allocate } from "./buffer_slab.ts";

/**
 * One frame in the order in which many connections are owed it, and the way to the next one. Who
 * was written to up to an entry holds on to that, so what all have been written goes by itself.
 *
 * @example
 * ```ts
 * const written = LogEntry.start();
 * const last = written.append(first).append(second);
 * last.joined(written); // both frames, for everyone who was written to up to there
 * ```
 */
export class LogEntry {
  /** Frames since the start, with this one. */
  readonly frames: number;
  /** Bytes of all of them. */
  readonly bytes: number;
  readonly #frame: Uint8Array;
  #next: LogEntry | undefined;
  #joined: Uint8Array | undefined;
  /** Frames before those that are joined: a reference would keep all that was ever written. */
  #joinedAfter = -1;

  private constructor(frame: Uint8Array, frames: number, bytes: number) {
    this.#frame = frame;
    this.frames = frames;
    this.bytes = bytes;
  }

  /** Before the first frame. */
  static start(): LogEntry {
    return new LogEntry(NO_FRAME, 0, 0);
  }

  /** @returns the entry of one more frame; the caller appends to the last one only */
  append(frame: Uint8Array): LogEntry {
    return this.#next = new LogEntry(frame, this.frames + 1, this.bytes + frame.length);
  }

  /**
   * The frames after an entry up to this one in one buffer, made once for all who ask for the same.
   * Never write into it: others hold it too.
   */
  joinedAfter(after: LogEntry): Uint8Array {
    if (after.#next === this) return this.#frame;
    if (this.#joined !== undefined && this.#joinedAfter === after.frames) return this.#joined;
    const joined = allocate(this.bytes - after.bytes);
    let at = 0;
    for (let entry = after; entry !== this;) {
      entry = entry.#next!;
      joined.set(entry.#frame, at);
      at += entry.#frame.length;
    }
    this.#joinedAfter = after.frames;
    return this.#joined = joined;
  }

  /** The frames that were appended after this one, each by itself behind those of a batch. */
  addedTo(batch: FrameChain): FrameChain {
    let added = batch;
    for (let entry = this.#next; entry; entry = entry.#next) added = added.with(entry.#frame);
    return added;
  }
}

const NO_FRAME = new Uint8Array(0);
