import type { Backlog } from "./backlog.ts";
import { BacklogQueue } from "./backlog_queue.ts";
import type { Flushable } from "./flush_queue.ts";
import type { Flusher } from "./flusher.ts";
import type { FrameChain } from "./frame_chain.ts";
import { LogEntry } from "./log_entry.ts";
import { type SocketHandle, type SocketWriterOwner, write } from "./socket_writer.ts";
import type { Traffic } from "./traffic.ts";

/** Readers in a group, at most: that many are written to in a row before others have their turn. */
const MAX_GROUP_SIZE = 16;

/**
 * Readers that one frame lets know that too much waits for them. Very many that stop reading
 * together come to the limit together, and each has to be taken out of its audience: the rest have
 * their turn with the frames that follow.
 */
const MAX_CHECKED_PER_FRAME = 4;

/** What all logs of a process have in common. */
export interface LogOptions {
  readonly flusher: Pick<Flusher, "schedule" | "scheduleUrgent" | "scheduleBehind">;
  /** Read at every use, so a reload takes effect everywhere. */
  readonly limits: {
    /** Bytes that may wait to be written to one client. */
    readonly unsentBytes: number;
  };
  readonly traffic: Pick<Traffic, "addUnsent" | "countWrites">;
}

/** An outbox, as a log sees it. */
export interface LogReader extends SocketWriterOwner {
  readonly handle: SocketHandle | undefined;
  /** The group that it is written to with; `undefined` while it is detached. The log sets it. */
  group: WriteGroup | undefined;
  /** Its index in the group. The log sets it. */
  index: number;
  /** Queues one frame for this reader alone. */
  send(frame: Uint8Array, age?: number): void;
  /** The kernel did not take all of a write of frames of the log. */
  sharedWriteBlocked(bytes: number): void;
  /** Writes what is queued for this reader alone; @returns how many frames that was */
  flush(): number;
}

/**
 * Frames that many outboxes are to be sent, each at its own pace.
 *
 * A frame is appended once, however many readers there are. Readers that were written the same
 * frames so far form a {@linkcode WriteGroup}, and only groups are scheduled for a flush: what a
 * group has pending is joined into one buffer, which is written to each of its readers. A reader
 * that also has other frames pending is detached: each frame is sent to it alone until its next
 * flush, and then it rejoins a group. A reader whose socket is blocked is behind: its
 * {@linkcode Backlog} holds a position in the log, so that a frame costs nothing for it; it reads on
 * from there when its socket is writable, and rejoins a group at the end.
 *
 * @example
 * ```ts
 * import { Flusher } from "./flusher.ts";
 * import { type Outbox } from "./outbox.ts";
 * import { Traffic } from "./traffic.ts";
 *
 * declare const [outboxes, frame]: [Outbox[], Uint8Array];
 * const limits = { unsentBytes: 1_048_576 };
 * const log = new SharedLog({ flusher: new Flusher(), limits, traffic: new Traffic() });
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
  /** Readers that are behind, the one for which most waits in front. */
  readonly #behind = new BacklogQueue();
  /** Position, in bytes, of the group that was furthest behind when this was last checked. */
  #checkedBytes = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** The entry that was appended last. */
  get last(): LogEntry {
    return this.#last;
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
    if (this.#behind.size > 0) {
      this.#options.traffic.addUnsent(frame.length * this.#behind.size);
      this.#checkBehind();
    }
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

  /** The reader of this backlog is behind: what is appended from here on is part of its backlog. */
  addBehind(backlog: Backlog): void {
    backlog.enter(this.#last);
    this.#behind.add(backlog);
  }

  /** What waits in a backlog has changed. */
  updateBehind(backlog: Backlog): void {
    this.#behind.update(backlog);
  }

  /** The reader of this backlog has caught up, or leaves. */
  removeBehind(backlog: Backlog): void {
    this.#behind.remove(backlog);
    this.#releaseIfQuiet();
  }

  /** A detached reader, or one that was behind, has written everything. */
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

  /** For groups: frames were written to that many readers. */
  countWrites(writes: number, frames: number, bytes: number): void {
    this.#options.traffic.countWrites(writes, frames, bytes);
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
    this.#releaseIfQuiet();
  }

  /** A quiet log holds no frames: no reader needs what was written. */
  #releaseIfQuiet(): void {
    if (this.#scheduled.size > 0 || this.#behind.size > 0) return;
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

  /** Lets some readers that are too far behind know, the furthest first. */
  #checkBehind(): void {
    const { limits } = this.#options;
    for (let checked = 0; checked < MAX_CHECKED_PER_FRAME; checked++) {
      const { first } = this.#behind;
      if (first === undefined || first.waitingAt(this.#last) <= limits.unsentBytes) return;
      first.reader.checkBacklog();
      // It is written on, or its owner has not closed it yet.
      if (this.#behind.first === first) return;
    }
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
  /** The handle of each reader: as long as the kernel takes what is written nothing else is read. */
  readonly #handles: (SocketHandle | undefined)[] = [];
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
    this.#handles.push(reader.handle);
  }

  /** Takes over all readers of another group; neither has anything pending. */
  addAll(other: WriteGroup): void {
    for (const reader of other.#readers) this.add(reader);
    other.#readers.length = 0;
    other.#handles.length = 0;
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
    const lastHandle = this.#handles.pop();
    if (last !== reader) {
      this.#readers[reader.index] = last;
      this.#handles[reader.index] = lastHandle;
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
    const readers = this.#readers;
    const handles = this.#handles;
    this.#log.countWrites(readers.length, frames, bytes.length);
    let flushed = frames * readers.length;
    // From the last to the first, because a reader that detaches is replaced by the last one.
    for (let at = readers.length - 1; at >= 0; at--) {
      const reader = readers[at]!;
      if (!write(handles[at], bytes, reader)) reader.sharedWriteBlocked(bytes.length);
    }
    if (this.#detached.length > 0) {
      for (const reader of this.#detached) flushed += reader.flush();
      this.#detached = [];
    }
    this.#log.flushEnded(this);
    return flushed;
  }
}
