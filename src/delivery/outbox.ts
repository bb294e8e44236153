import type { Socket } from "node:net";
import { Backlog, type BacklogReader } from "./backlog.ts";
import type { Flushable } from "./flush_queue.ts";
import { FrameChain } from "./frame_chain.ts";
import type { LogOptions, LogReader, SharedLog, WriteGroup } from "./shared_log.ts";
import { handleOf, type SocketHandle, type SocketWriterOwner, write } from "./socket_writer.ts";
import type { Traffic } from "./traffic.ts";

/** What all outboxes of a process have in common. */
export interface OutboxOptions extends LogOptions {
  readonly traffic: Traffic;
}

/** The protocol that an outbox writes for: it knows what the bytes mean. */
export interface OutboxOwner {
  /** The socket has taken all bytes that it was blocked on: there is room again. */
  drained(): void;
  /** Everything that waited is written: the client is not behind any more. */
  caughtUp(): void;
  /**
   * The client does not read, and more bytes wait for it than `limits.unsentBytes`. From here on the
   * owner sends what it must and nothing else, or ends the connection; this is called for each
   * further frame.
   *
   * @param bytes that wait
   */
  overflowed(bytes: number): void;
}

/** Bytes that a connection that is behind is written in a row, before others have their turn. */
const MAX_CATCH_UP_BYTES = 65_536;

/** Whether a call of `flush` is scheduled. */
const enum Scheduled {
  No,
  /** The flusher in its order, or the group that the outbox has detached from. */
  Normal,
  /** The flusher, at the end of this event-loop turn. */
  Urgent,
}

/** Whether frames wait for the end of what the client is being answered. */
const enum Cork {
  Out,
  In,
  /** In, and something was sent. */
  Filled,
}

/**
 * Bytes on their way to one client: what is pending, what the socket is blocked on, and when the
 * rest is written. It knows a socket and bytes, not the protocol: a frame is any sequence of bytes
 * that must not be cut.
 *
 * Frames that are sent are not written at once. They are appended to what is pending, and `flush`,
 * which the flusher calls, writes all of it in one system call. While the socket is blocked nothing
 * more is written, and a {@linkcode Backlog} has what waits; when more than `limits.unsentBytes`
 * wait, the client is a slow consumer and the owner's `overflowed` is called. States that the client needs to go on are offered instead of sent:
 * as long as there is room, they do not count towards that limit.
 *
 * Frames that many clients are sent come from a {@linkcode SharedLog} that the outbox is attached
 * to, and are written together with theirs.
 *
 * @example
 * ```ts
 * import { Socket } from "node:net";
 * import { FrameChain } from "./frame_chain.ts";
 * declare const [owner, options, frame]: [OutboxOwner, OutboxOptions, Uint8Array];
 * const outbox = new Outbox(new Socket(), FrameChain.root(), owner, options);
 * outbox.send(frame);
 * outbox.end(frame);
 * ```
 */
export class Outbox implements Flushable, LogReader, BacklogReader, SocketWriterOwner {
  group: WriteGroup | undefined;
  index = 0;
  readonly socket: Socket;
  readonly handle: SocketHandle | undefined;
  readonly #root: FrameChain;
  readonly #owner: OutboxOwner;
  readonly #options: OutboxOptions;
  #log: SharedLog | undefined;
  /** Frames to be written with the next flush; `undefined` while there are none. */
  #pending: FrameChain | undefined;
  #scheduled: Scheduled = Scheduled.No;
  #cork: Cork = Cork.Out;
  /** Bytes that were offered, of those that are pending. */
  #offeredPendingBytes = 0;
  /** What waits while the client is behind; `undefined` while it is not. Then nothing is pending. */
  #backlog: Backlog | undefined;
  #isClosed = false;
  /** Rises whenever the kernel has taken a write that blocked: whether the client takes anything. */
  progress = 0;

  /**
   * @param root where its chains of frames begin; outboxes that are sent the same frames share it
   */
  constructor(socket: Socket, root: FrameChain, owner: OutboxOwner, options: OutboxOptions) {
    this.socket = socket;
    this.handle = handleOf(socket);
    this.#root = root;
    this.#owner = owner;
    this.#options = options;
  }

  /**
   * Bytes that go out before the first frame and are none: the answer to a handshake. The caller
   * flushes, once it has sent the first frames.
   */
  beginWith(bytes: Uint8Array): void {
    this.#pending = FrameChain.preface(bytes);
    this.#scheduled = Scheduled.Normal;
  }

  /** One, for the flusher. */
  get size(): number {
    return 1;
  }

  /** Whether the client has not taken everything that was written or waits for it. */
  get isBehind(): boolean {
    return this.#backlog !== undefined;
  }

  /**
   * Whether more may be offered. When there is not, stop offering and continue when `drained` is
   * called.
   */
  get hasRoom(): boolean {
    const offeredBytes = this.#backlog?.offeredBytes ?? this.#offeredPendingBytes;
    return !this.#isClosed && offeredBytes < this.#options.limits.unsentBytes;
  }

  /**
   * Queues one frame. Does nothing once the outbox is closed.
   *
   * @param frame the same object for every outbox that is sent it
   * @param age milliseconds since the event in it was published; left out when it is not an event
   * @param frames how many frames there are in it, where it is several in one buffer
   */
  send(frame: Uint8Array, age?: number, frames = 1): void {
    this.#send(frame, 0, age, frames);
  }

  /** Gathers what is sent from here on, to be written by {@linkcode uncork}: a client's answers. */
  cork(): void {
    this.#cork = Cork.In;
  }

  /**
   * Writes what was sent since {@linkcode cork} with what else is pending, at once: others do not
   * wait for it in the flusher's queue, and the time that it takes is this client's.
   */
  uncork(): void {
    const cork = this.#cork;
    this.#cork = Cork.Out;
    if (cork === Cork.Filled && this.#pending !== undefined) this.flush();
  }

  /** Like `send`, but flushes before all other outboxes: for a user's own events. */
  sendUrgent(frame: Uint8Array, age?: number): void {
    if (!this.#append(frame, 0) || this.#scheduled === Scheduled.Urgent) return;
    this.#scheduled = Scheduled.Urgent;
    this.#options.flusher.scheduleUrgent(this, age);
  }

  /**
   * Queues a frame that the client asked for, or needs to go on: a state. As long as there is room,
   * it does not count towards the limit of a slow consumer; beyond that it is a frame like any other.
   */
  offer(frame: Uint8Array, age?: number): void {
    this.#send(frame, this.hasRoom ? frame.length : 0, age);
    // Then there is room again, or `drained` will be called.
    if (!this.hasRoom) this.flush();
  }

  /**
   * From here on the client is sent what is appended to this log, and no longer what is appended to
   * the previous one.
   *
   * @param log `undefined` for none
   */
  attach(log: SharedLog | undefined): void {
    if (this.#isClosed || log === this.#log) return;
    if (this.group) this.#detach();
    const backlog = this.#backlog;
    if (backlog && this.#log) {
      backlog.leave(this.#log.last);
      this.#log.removeBehind(backlog);
    } else this.#log?.remove(this);
    this.#log = log;
    if (backlog) log?.addBehind(backlog);
    else log?.add(this, this.#pending !== undefined);
  }

  /**
   * Writes everything that is pending for this outbox alone in one write. For the flusher.
   *
   * @returns how many frames that was
   */
  flush(): number {
    this.#scheduled = Scheduled.No;
    if (this.#backlog) return this.#backlog.isBlocked ? 0 : this.#catchUp(this.#backlog);
    const pending = this.#pending;
    if (pending === undefined) return 0;
    this.#pending = undefined;
    const offeredBytes = this.#offeredPendingBytes;
    this.#offeredPendingBytes = 0;
    if (this.#write(pending.join(), pending.frames)) this.#rejoin();
    else this.#fallBehind(pending.bytes, offeredBytes);
    return pending.frames;
  }

  /** The kernel did not take all of a write. For its group. */
  sharedWriteBlocked(bytes: number): void {
    this.#fallBehind(bytes, 0);
  }

  /** Writes what is pending and then one last frame, and closes. */
  end(last: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.group) this.#detach();
    const pending = this.#pending;
    if (pending) this.#write(pending.join(), pending.frames);
    for (;;) {
      const piece = this.#backlog?.take(this.#log?.last);
      if (piece === undefined) break;
      this.#write(piece.bytes, piece.frames);
      this.#options.traffic.addUnsent(-piece.bytes.length);
    }
    this.#write(last, 1);
    this.close();
  }

  /** Drops what is pending, writes one last frame behind what the socket already holds, and closes. */
  abort(last: Uint8Array): void {
    if (this.#isClosed) return;
    this.#write(last, 1);
    this.close();
  }

  /** Drops what is pending, leaves the log and takes nothing more. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const backlog = this.#backlog;
    if (backlog) {
      this.#options.traffic.addUnsent(-backlog.bytesAt(this.#log?.last));
      this.#backlog = undefined;
      this.#log?.removeBehind(backlog);
    } else this.#log?.remove(this);
    this.#log = undefined;
    this.#pending = undefined;
  }

  /** The kernel has taken a write that blocked. For the socket writer. */
  writeCompleted(bytes: number): void {
    const backlog = this.#backlog;
    if (backlog === undefined) return;
    this.progress++;
    backlog.unblock();
    this.#options.traffic.addUnsent(-bytes);
    this.#log?.updateBehind(backlog);
    this.#owner.drained();
    // Not at once: after a stall the kernel has room for very many in the same turn.
    if (this.#backlog) this.#scheduleBehind();
  }

  /** More waits than may. For the log. */
  checkBacklog(): void {
    // That much since its last write says nothing about the client yet: it is offered to the socket.
    if (this.#backlog && !this.#backlog.isBlocked) this.flush();
    const waiting = this.#backlog?.waitingAt(this.#log?.last) ?? 0;
    if (waiting > this.#options.limits.unsentBytes) this.#owner.overflowed(waiting);
  }

  #send(frame: Uint8Array, offeredBytes: number, age?: number, frames = 1): void {
    if (!this.#append(frame, offeredBytes, frames)) return;
    if (this.#cork !== Cork.Out) return void (this.#cork = Cork.Filled);
    if (this.#scheduled !== Scheduled.No) return;
    this.#scheduled = Scheduled.Normal;
    this.#options.flusher.schedule(this, age);
  }

  /** @returns whether the frame waits for a flush that has to be scheduled */
  #append(frame: Uint8Array, offeredBytes: number, frames = 1): boolean {
    if (this.#isClosed) return false;
    const { limits, traffic } = this.#options;
    const backlog = this.#backlog;
    if (backlog) {
      backlog.append(frame, offeredBytes, this.#log?.last, frames);
      traffic.addUnsent(frame.length);
      this.#log?.updateBehind(backlog);
      if (backlog.waitingAt(this.#log?.last) > limits.unsentBytes) this.checkBacklog();
      return false;
    }
    if (this.group) this.#detach();
    this.#offeredPendingBytes += offeredBytes;
    const pending = this.#pending = (this.#pending ?? this.#root).with(frame, frames);
    if (pending.weight <= limits.unsentBytes) return true;
    // That much in one turn says nothing about the client yet: it is written before it is judged.
    this.flush();
    return false;
  }

  /** @returns whether the kernel took all of it */
  #write(bytes: Uint8Array, frames: number): boolean {
    this.#options.traffic.countWrites(1, frames, bytes.length);
    return write(this.handle, bytes, this);
  }

  /** Copies what its group has pending, so that frames for this client alone can follow. */
  #detach(): void {
    this.#pending = this.#log!.detach(this, this.#root);
    // The group is scheduled, and flushes the readers that have left it as well.
    if (this.#pending) this.#scheduled = Scheduled.Normal;
  }

  /** Goes back to a group when everything is written. */
  #rejoin(): void {
    if (this.#log && !this.group) this.#log.rejoin(this);
  }

  /** The kernel did not take all of a write, after which nothing was pending. */
  #fallBehind(blockedBytes: number, offeredBytes: number): void {
    const backlog = this.#backlog = new Backlog(this, this.#root, blockedBytes, offeredBytes);
    this.#options.traffic.addUnsent(blockedBytes);
    this.#log?.remove(this);
    this.#log?.addBehind(backlog);
  }

  /** Writes what waits, until the socket is blocked again or others are to have their turn. */
  #catchUp(backlog: Backlog): number {
    let frames = 0;
    for (let bytes = 0; bytes < MAX_CATCH_UP_BYTES;) {
      const piece = backlog.take(this.#log?.last);
      if (piece === undefined) {
        this.#backlog = undefined;
        this.#log?.removeBehind(backlog);
        this.#rejoin();
        this.#owner.caughtUp();
        return frames;
      }
      frames += piece.frames;
      bytes += piece.bytes.length;
      if (!this.#write(piece.bytes, piece.frames)) {
        backlog.block(piece);
        this.#log?.updateBehind(backlog);
        return frames;
      }
      this.#options.traffic.addUnsent(-piece.bytes.length);
    }
    this.#log?.updateBehind(backlog);
    this.#scheduleBehind();
    return frames;
  }

  #scheduleBehind(): void {
    if (this.#scheduled !== Scheduled.No) return;
    this.#scheduled = Scheduled.Normal;
    this.#options.flusher.scheduleBehind(this);
  }
}
