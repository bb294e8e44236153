import { allocate } from "./buffer_slab.ts";
import type { Flushable } from "./flush_queue.ts";
import type { Flusher } from "./flusher.ts";
import type { FrameChain } from "./frame_chain.ts";

/** Readers in a group, at most: that many are written to in a row before others have their turn. */
const MAX_GROUP_SIZE = 16;

/** What all logs of a process have in common. */
export interface LogOptions {
  readonly flusher: Pick<Flusher, "schedule" | "scheduleUrgent">;
  /** Read at every use, so a reload takes effect everywhere. */
  readonly limits: {
    /** Bytes that may wait to be written to one client. */
    readonly unsentBytes: number;
  };
}

/** An outbox, as a log sees it. */
export interface LogReader {
  /** The group that it is written to with; `undefined` while it is detached. The log sets it. */
  group: WriteGroup | undefined;
  /** Its index in the group. The log sets it. */
  index: number;
  /** Queues one frame for this reader alone. */
  send(frame: Uint8Array, age?: number): void;
  /** Writes frames of the log to the reader's socket. */
  writeShared(bytes: Uint8Array, frames: number): void;
  /** Writes what is queued for this reader alone; @returns how many frames that was */
  flush(): number;
}

/**
 * Frames that many outboxes are to be sent, each at its own pace.
 *
 * A frame is appended once, however many readers there are. Readers that were written the same
 * frames so far form a {@linkcode WriteGroup}, and only groups are scheduled for a flush: what a
 * group has pending is joined into one buffer, which is written to each of its readers. A reader
 * that also has other frames pending, or whose socket is blocked, is detached: each frame is sent to
 * it alone until it has written everything, and then it rejoins a group.
 *
 * @example
 * ```ts
 * import { Flusher } from "./flusher.ts";
 * import { type Outbox } from "./outbox.ts";
 * declare const [outboxes, frame]: [Outbox[], Uint8Array];
 * const log = new SharedLog({ flusher: new Flusher(), limits: { unsentBytes: 1_048_576 } });
 * for (const outbox of outboxes) outbox.attach(log);
 * log.append(frame); // all of them will write it
 * ```
 */
export class SharedLog {
  readonly #options: LogOptions;
  #last = LogEntry.start();
  /** Groups with nothing pending: they have written the last entry. */
  readonly #idle: WriteGroup[] = [];
  /** Groups with something pending, the one whose flush was scheduled first in front. */
  readonly #scheduled = new Set<WriteGroup>();
  readonly #detached = new Set<LogReader>();
  /** Position, in bytes, of the group that was furthest behind when this was last checked. */
  #checkedBytes = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /**
   * Queues one more frame for every reader.
   *
   * @param frame the same object for every log that gets it
   * @param age milliseconds since the event in it was published; left out when it is not an event
   */
  append(frame: Uint8Array, age?: number): void {
    const position = this.#last;
    this.#last = position.append(frame);
    for (const group of this.#idle) {
      group.position = position;
      this.#scheduled.add(group);
      this.#options.flusher.schedule(group, age);
    }
    this.#idle.length = 0;
    if (this.#detached.size > 0) { for (const reader of this.#detached) reader.send(frame, age); }
    if (this.#last.bytes - this.#checkedBytes > this.#options.limits.unsentBytes) this.#relieve();
  }

  /** @param detached whether the reader has other frames to write first */
  add(reader: LogReader, detached: boolean): void {
    if (detached) this.#detached.add(reader);
    else this.#join(reader);
  }

  remove(reader: LogReader): void {
    if (reader.group) reader.group.remove(reader);
    else this.#detached.delete(reader);
  }

  /**
   * From here on each frame is sent to this reader alone.
   *
   * @param root where its own chain of frames begins
   * @returns the frames of the log that it has not written, if any; the reader's `flush` is called
   * when it is their time
   */
  detach(reader: LogReader, root: FrameChain): FrameChain | undefined {
    this.#detached.add(reader);
    return reader.group?.detach(reader, root);
  }

  /** A detached reader has written everything. */
  rejoin(reader: LogReader): void {
    this.#detached.delete(reader);
    this.#join(reader);
  }

  /** For groups: everything after a position, joined. */
  framesAfter(position: LogEntry): { readonly bytes: Uint8Array; readonly frames: number } {
    return {
      bytes: this.#last.joinedAfter(position),
      frames: this.#last.frames - position.frames,
    };
  }

  /** For groups: a flush begins. Until it ends the group is in no list. */
  flushBegins(group: WriteGroup): void {
    this.#scheduled.delete(group);
    group.idleIndex = NOT_IDLE;
  }

  /** For groups: a flush has ended; the group has nothing pending. */
  flushEnded(group: WriteGroup): void {
    if (!group.isEmpty) {
      const last = this.#idle.at(-1);
      if (last && last.size + group.size <= MAX_GROUP_SIZE) last.addAll(group);
      else this.#addIdle(group);
    }
    if (this.#scheduled.size > 0) return;
    // No reader needs what was written: a quiet log holds no frames.
    this.#last = LogEntry.start();
    this.#checkedBytes = 0;
  }

  /** For groups: the last reader has left one that has nothing pending. */
  becameEmpty({ idleIndex }: WriteGroup): void {
    if (idleIndex === NOT_IDLE) return;
    const last = this.#idle.pop()!;
    if (last.idleIndex === idleIndex) return;
    this.#idle[idleIndex] = last;
    last.idleIndex = idleIndex;
  }

  #join(reader: LogReader): void {
    let group = this.#idle.at(-1);
    if (!group || group.size >= MAX_GROUP_SIZE) this.#addIdle(group = new WriteGroup(this));
    group.add(reader);
  }

  #addIdle(group: WriteGroup): void {
    group.idleIndex = this.#idle.length;
    this.#idle.push(group);
  }

  /**
   * Flushes groups that have more pending than may wait, before their time. More than that in one
   * turn says nothing about the clients yet: it is offered to their sockets first.
   */
  #relieve(): void {
    for (const group of this.#scheduled) {
      const { bytes } = group.position!;
      if (this.#last.bytes - bytes <= this.#options.limits.unsentBytes) {
        this.#checkedBytes = bytes;
        return;
      }
      group.flush();
    }
  }
}

/** The `idleIndex` of a group that is not among the idle ones. */
const NOT_IDLE = -1;

/**
 * Readers that have written the same frames of a log so far, so that appending to the log is work
 * for each group and not for each reader.
 */
export class WriteGroup implements Flushable {
  /** Its index among the log's idle groups. The log sets it. */
  idleIndex = 0;
  /** The last entry that its readers have written; `undefined` while nothing is pending. */
  position: LogEntry | undefined;
  readonly #log: SharedLog;
  readonly #readers: LogReader[] = [];
  /** Readers detached since the last flush; their copied frames are flushed with the group. */
  #detached: LogReader[] = [];

  constructor(log: SharedLog) {
    this.#log = log;
  }

  get size(): number {
    return this.#readers.length + this.#detached.length;
  }

  get isEmpty(): boolean {
    return this.#readers.length === 0;
  }

  add(reader: LogReader): void {
    reader.group = this;
    reader.index = this.#readers.length;
    this.#readers.push(reader);
  }

  /** Takes over all readers of another group; neither has anything pending. */
  addAll(other: WriteGroup): void {
    for (const reader of other.#readers) this.add(reader);
    other.#readers.length = 0;
  }

  /**
   * Removes a reader, and leaves it the frames that the group has pending.
   *
   * @param root where its own chain of frames begins
   * @returns those frames, which are flushed when the group is; `undefined` when there are none
   */
  detach(reader: LogReader, root: FrameChain): FrameChain | undefined {
    const { position } = this;
    this.remove(reader);
    if (position === undefined) return undefined;
    this.#detached.push(reader);
    return position.appendFollowingTo(root);
  }

  remove(reader: LogReader): void {
    reader.group = undefined;
    const last = this.#readers.pop()!;
    if (last !== reader) {
      this.#readers[reader.index] = last;
      last.index = reader.index;
    }
    if (this.isEmpty && this.position === undefined) this.#log.becameEmpty(this);
  }

  flush(): number {
    const { position } = this;
    // It was flushed before its time.
    if (position === undefined) return 0;
    const { bytes, frames } = this.#log.framesAfter(position);
    // Before the writes: a reader that turns out to be blocked detaches with nothing pending.
    this.position = undefined;
    this.#log.flushBegins(this);
    let flushed = frames * this.#readers.length;
    // From the last to the first, because a reader that detaches is replaced by the last one.
    for (let at = this.#readers.length - 1; at >= 0; at--) {
      this.#readers[at]!.writeShared(bytes, frames);
    }
    if (this.#detached.length > 0) {
      for (const reader of this.#detached) flushed += reader.flush();
      this.#detached = [];
    }
    this.#log.flushEnded(this);
    return flushed;
  }
}

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
    return this.#next = new LogEntry(frame, this.frames + 1, this.bytes + frame.length);
  }

  /**
   * The frames after a position, up to this one, in one buffer. It is made once and shared
   * by all readers at that position: never write into it.
   */
  joinedAfter(position: LogEntry): Uint8Array {
    // A single frame needs no copy.
    if (position.#next === this) return this.#frame;
    if (this.#joined !== undefined && this.#joinedAfter === position.frames) return this.#joined;
    const joined = allocate(this.bytes - position.bytes);
    let at = 0;
    for (let entry = position; entry !== this;) {
      entry = entry.#next!;
      joined.set(entry.#frame, at);
      at += entry.#frame.length;
    }
    this.#joinedAfter = position.frames;
    return this.#joined = joined;
  }

  /** A chain that continues with all frames that were appended after this one. */
  appendFollowingTo(chain: FrameChain): FrameChain {
    let longer = chain;
    for (let entry = this.#next; entry; entry = entry.#next) longer = longer.with(entry.#frame);
    return longer;
  }
}

const NO_FRAME = new Uint8Array(0);
