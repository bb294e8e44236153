import { allocate } from "./buffer_slab.ts";
import type { FrameChain } from "./frame_chain.ts";

/**
 * One frame of a log, and the way to the next one. Each reader references the last entry it has
 * written; entries that no reader references are garbage-collected.
 *
 * @example
 * ```ts
 * declare const first: Uint8Array, second: Uint8Array;
 * const position = LogEntry.start();
 * const last = position.append(first).append(second);
 * last.joinedAfter(position); // both frames, for every reader that is at that position
 * ```
 */
export class LogEntry {
  /** Frames since the start, this one included. */
  readonly frames: number;
  /** Bytes of all of them. */
  readonly bytes: number;
  readonly #frame: Uint8Array;
  #next: LogEntry | undefined;
  #joined: Uint8Array | undefined;
  /** Frames before the joined ones. A reference in place of a number would keep all entries alive. */
  #joinedAfter = -1;

  private constructor(frame: Uint8Array, frames: number, bytes: number) {
    this.#frame = frame;
    this.frames = frames;
    this.bytes = bytes;
  }

  /** The position before the first frame. */
  static start(): LogEntry {
    return new LogEntry(NO_FRAME, 0, 0);
  }

  /** Adds a frame; to be called on the last entry only. @returns the new last entry */
  append(frame: Uint8Array): LogEntry {
    // What was joined up to the last entry is of use only while it is the last.
    this.#joined = undefined;
    return this.#next = new LogEntry(frame, this.frames + 1, this.bytes + frame.length);
  }

  /**
   * The frames after a position, up to this one, in one buffer. It is made once and shared
   * by all readers at that position: never write into it.
   */
  joinedAfter(position: LogEntry): Uint8Array {
    const joined = this.#madeAfter(position);
    if (joined) return joined;
    this.#joinedAfter = position.frames;
    return this.#joined = this.#join(position);
  }

  /**
   * Like `joinedAfter`, for one piece of a backlog. Of pieces that end here the longest is kept: it
   * begins where others end as well, and so most readers come to it.
   */
  pieceAfter(position: LogEntry): Uint8Array {
    const made = this.#madeAfter(position);
    if (made) return made;
    const joined = this.#join(position);
    if (this.#joined === undefined || this.#joined.length < joined.length) {
      this.#joinedAfter = position.frames;
      this.#joined = joined;
    }
    return joined;
  }

  #madeAfter(position: LogEntry): Uint8Array | undefined {
    // A single frame needs no copy.
    if (position.#next === this) return this.#frame;
    return this.#joinedAfter === position.frames ? this.#joined : undefined;
  }

  #join(position: LogEntry): Uint8Array {
    const joined = allocate(this.bytes - position.bytes);
    let at = 0;
    for (let entry = position; entry !== this;) {
      entry = entry.#next!;
      joined.set(entry.#frame, at);
      at += entry.#frame.length;
    }
    return joined;
  }

  /**
   * Where one write that begins after this entry ends: about `bytes` further on, at the latest at
   * `end`. Positions that have nothing in common soon have these ends in common, and share what is
   * joined between two of them.
   */
  pieceEnd(end: LogEntry, bytes: number): LogEntry {
    const boundary = (Math.floor(this.bytes / bytes) + 1) * bytes;
    if (end.bytes <= boundary) return end;
    let entry = this.#next!;
    while (entry.bytes < boundary) entry = entry.#next!;
    return entry;
  }

  /** A chain that continues with all frames that were appended after this one. */
  appendFollowingTo(chain: FrameChain): FrameChain {
    let longer = chain;
    for (let entry = this.#next; entry; entry = entry.#next) longer = longer.with(entry.#frame);
    return longer;
  }
}

const NO_FRAME = new Uint8Array(0);
