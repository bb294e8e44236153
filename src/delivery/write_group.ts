import type { FrameChain } from "./frame_chain.ts";
import type { LogEntry } from "./log_entry.ts";
import type { Flushable } from "./flushable.ts";
import type { SharedLog } from "./shared_log.ts";

/** A connection that is sent the frames of a log. */
export interface LogReader {
  /** Those it is written to with; `undefined` while it is sent each frame by itself. */
  group: WriteGroup | undefined;
  /** Its place there. */
  index: number;
  /** Sends one frame to it alone. */
  send(frame: Uint8Array): void;
  /** Writes frames that it was owed by its cohort. */
  writeShared(bytes: Uint8Array, frames: number): void;
  /** Writes what it owes by itself; @returns how many frames that was */
  flush(): number;
}

/**
 * Connections that were written the same frames of a log so far, and so owe the same: what is
 * appended to the log is work for each cohort and not for each connection.
 */
export class WriteGroup implements Flushable {
  /** Where it stands among those that owe nothing; the log's. */
  place = 0;
  readonly #log: SharedLog;
  readonly #followers: LogReader[] = [];
  /** Those that left while there was something to write, which they still owe, at the same time. */
  #astray: LogReader[] = [];
  /** Up to here it was written to; `undefined` while it owes nothing. */
  #written: LogEntry | undefined;

  constructor(log: SharedLog) {
    this.#log = log;
  }

  get size(): number {
    return this.#followers.length + this.#astray.length;
  }

  get isEmpty(): boolean {
    return this.#followers.length === 0;
  }

  /** Up to where it was written to, while there is more to write. */
  get position(): LogEntry | undefined {
    return this.#written;
  }

  /** There is something to write: all that comes after an entry. */
  enqueue(written: LogEntry): void {
    this.#written = written;
  }

  add(follower: LogReader): void {
    follower.group = this;
    follower.index = this.#followers.length;
    this.#followers.push(follower);
  }

  /** Takes over all connections of another one, which owes as little as this one. */
  addAll(other: WriteGroup): void {
    for (const follower of other.#followers) this.add(follower);
    other.#followers.length = 0;
  }

  /**
   * Lets a connection go its own way.
   *
   * @param root where its batch begins
   * @returns what it owes, when that is something; it is flushed with the cohort
   */
  release(follower: LogReader, root: FrameChain): FrameChain | undefined {
    const written = this.#written;
    this.remove(follower);
    if (written === undefined) return undefined;
    this.#astray.push(follower);
    return written.addedTo(root);
  }

  /** Forgets a connection. */
  remove(follower: LogReader): void {
    follower.group = undefined;
    const last = this.#followers.pop()!;
    if (last !== follower) {
      this.#followers[follower.index] = last;
      last.index = follower.index;
    }
    if (this.isEmpty && this.#written === undefined) this.#log.emptied(this);
  }

  flush(): number {
    const written = this.#written;
    // Somebody else had it flushed.
    if (written === undefined) return 0;
    const { bytes, frames } = this.#log.framesAfter(written);
    // From here on it owes nothing: who is found not to take it all leaves without anything owed.
    this.#written = undefined;
    this.#log.writing(this);
    let flushed = frames * this.#followers.length;
    // From the last to the first, because the last takes the seat of one that leaves.
    for (let at = this.#followers.length - 1; at >= 0; at--) {
      this.#followers[at]!.writeShared(bytes, frames);
    }
    if (this.#astray.length > 0) {
      for (const follower of this.#astray) flushed += follower.flush();
      this.#astray = [];
    }
    this.#log.wrote(this);
    return flushed;
  }
}
