import type { Socket } from "node:net";
import type { Flushable } from "./flush_queue.ts";
import type { FrameChain } from "./frame_chain.ts";
import type { LogOptions, LogReader, SharedLog, WriteGroup } from "./shared_log.ts";
import { type SocketWriterOwner, write } from "./socket_writer.ts";
import type { Traffic } from "./traffic.ts";

/** What all outboxes of a process have in common. */
export interface OutboxOptions extends LogOptions {
  readonly traffic: Traffic;
}

/** The protocol that an outbox writes for: it knows what the bytes mean. */
export interface OutboxOwner {
  /** The socket has taken all bytes that it was blocked on: there is room again. */
  drained(): void;
  /**
   * The client does not read, and more bytes wait for it than `limits.unsentBytes`. From here on the
   * owner sends what it must and nothing else, or ends the connection; this is called for each
   * further frame.
   *
   * @param bytes that wait
   */
  overflowed(bytes: number): void;
}

/** Whether a call of `flush` is scheduled. */
const enum Scheduled {
  No,
  /** The flusher in its order, or the group that the outbox has detached from. */
  Normal,
  /** The flusher, at the end of this event-loop turn. */
  Urgent,
}

/**
 * Bytes on their way to one client: what is pending, what the socket is blocked on, and when the
 * rest is written. It knows a socket and bytes, not the protocol: a frame is any sequence of bytes
 * that must not be cut.
 *
 * Frames that are sent are not written at once. They are appended to what is pending, and `flush`,
 * which the flusher calls, writes all of it in one system call. While the socket is blocked nothing
 * more is written; when more than `limits.unsentBytes` wait, the client is a slow consumer and the
 * owner's `overflowed` is called. States that the client needs to go on are offered instead of sent:
 * as long as there is room, they do not count towards that limit.
 *
 * Frames that many clients are sent come from a {@linkcode SharedLog} that the outbox is attached
 * to, and are written together with theirs.
 *
 * @example
 * ```ts
 * const outbox = new Outbox(socket, FrameChain.root(), owner, { flusher, limits, traffic });
 * outbox.attach(log);
 * outbox.send(frame);
 * outbox.end(lastFrame);
 * ```
 */
export class Outbox implements Flushable, LogReader, SocketWriterOwner {
  group: WriteGroup | undefined;
  index = 0;
  readonly #socket: Socket;
  readonly #root: FrameChain;
  readonly #owner: OutboxOwner;
  readonly #options: OutboxOptions;
  #log: SharedLog | undefined;
  /** Frames to be written with the next flush; `undefined` while there are none. */
  #pending: FrameChain | undefined;
  #scheduled: Scheduled = Scheduled.No;
  /** Bytes that were written and that the kernel has not taken yet. */
  #blockedBytes = 0;
  /** Bytes that were offered, of those that are pending and of those that the socket is blocked on. */
  #offeredPendingBytes = 0;
  #offeredBlockedBytes = 0;
  /** Bytes of this outbox in {@linkcode Traffic.unsent}. */
  #countedUnsentBytes = 0;
  #isClosed = false;
  /** Rises whenever the kernel has taken a write that blocked: whether the client takes anything. */
  progress = 0;

  /**
   * @param root where its chains of frames begin; outboxes that are sent the same frames share it
   */
  constructor(socket: Socket, root: FrameChain, owner: OutboxOwner, options: OutboxOptions) {
    this.#socket = socket;
    this.#root = root;
    this.#owner = owner;
    this.#options = options;
  }

  /** One, for the flusher. */
  get size(): number {
    return 1;
  }

  /** Whether the socket has bytes that the kernel has not taken yet. */
  get isBlocked(): boolean {
    return this.#blockedBytes > 0;
  }

  /**
   * Whether more may be offered. When there is not, stop offering and continue when `drained` is
   * called.
   */
  get hasRoom(): boolean {
    return !this.#isClosed &&
      this.#offeredPendingBytes + this.#offeredBlockedBytes < this.#options.limits.unsentBytes;
  }

  /**
   * Queues one frame. Does nothing once the outbox is closed.
   *
   * @param frame the same object for every outbox that is sent it
   * @param age milliseconds since the event in it was published; left out when it is not an event
   * @param frames how many frames there are in it, where it is several in one buffer
   */
  send(frame: Uint8Array, age?: number, frames = 1): void {
    if (!this.#append(frame, frames) || this.#scheduled !== Scheduled.No) return;
    this.#scheduled = Scheduled.Normal;
    this.#options.flusher.schedule(this, age);
  }

  /** Like `send`, but flushes before all other outboxes: for a user's own events. */
  sendUrgent(frame: Uint8Array, age?: number): void {
    if (!this.#append(frame) || this.#scheduled === Scheduled.Urgent) return;
    this.#scheduled = Scheduled.Urgent;
    this.#options.flusher.scheduleUrgent(this, age);
  }

  /**
   * Queues a frame that the client asked for, or needs to go on: a state. As long as there is room,
   * it does not count towards the limit of a slow consumer; beyond that it is a frame like any other.
   */
  offer(frame: Uint8Array, age?: number): void {
    if (this.hasRoom) this.#offeredPendingBytes += frame.length;
    this.send(frame, age);
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
    this.#log?.remove(this);
    this.#log = log;
    log?.add(this, !this.#isIdle);
  }

  /**
   * Writes everything that is pending for this outbox alone in one write. For the flusher.
   *
   * @returns how many frames that was
   */
  flush(): number {
    this.#scheduled = Scheduled.No;
    const pending = this.#pending;
    if (pending === undefined || this.#blockedBytes > 0) return 0;
    this.#pending = undefined;
    const offeredBytes = this.#offeredPendingBytes;
    this.#offeredPendingBytes = 0;
    this.#write(pending.join(), pending.frames);
    if (this.#blockedBytes > 0) this.#offeredBlockedBytes = offeredBytes;
    else this.#rejoin();
    return pending.frames;
  }

  /** Writes frames of the log. For its group. */
  writeShared(bytes: Uint8Array, frames: number): void {
    this.#write(bytes, frames);
    if (this.#blockedBytes > 0) this.#detach();
  }

  /** Writes what is pending and then one last frame, and closes. */
  end(last: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.group) this.#detach();
    const pending = this.#pending;
    if (pending) this.#write(pending.join(), pending.frames);
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
    this.#log?.remove(this);
    this.#log = undefined;
    this.#pending = undefined;
    this.#countUnsent(0);
  }

  /** The kernel has taken a write that blocked. For the socket writer. */
  writeCompleted(bytes: number): void {
    this.#blockedBytes -= bytes;
    this.progress++;
    if (this.#blockedBytes > 0) return;
    this.#countUnsent(0);
    this.#offeredBlockedBytes = 0;
    if (this.#isClosed) return;
    this.#owner.drained();
    this.flush();
    this.#rejoin();
  }

  /** @returns whether the frame waits for a flush that has to be scheduled */
  #append(frame: Uint8Array, frames = 1): boolean {
    if (this.#isClosed) return false;
    if (this.group) this.#detach();
    const pending = this.#pending = (this.#pending ?? this.#root).with(frame, frames);
    const { limits } = this.#options;
    if (this.#blockedBytes > 0) {
      this.#countUnsent(this.#countedUnsentBytes + frame.length);
      const waiting = pending.weight - this.#offeredPendingBytes +
        this.#blockedBytes - this.#offeredBlockedBytes;
      if (waiting > limits.unsentBytes) this.#owner.overflowed(waiting);
      return false;
    }
    if (pending.weight <= limits.unsentBytes) return true;
    // That much in one turn says nothing about the client yet: it is written before it is judged.
    this.flush();
    return false;
  }

  #write(bytes: Uint8Array, frames: number): void {
    this.#options.traffic.countWrite(frames, bytes.length);
    if (write(this.#socket, bytes, this)) return;
    this.#blockedBytes += bytes.length;
    this.#countUnsent(this.#blockedBytes);
  }

  #countUnsent(bytes: number): void {
    this.#options.traffic.addUnsent(bytes - this.#countedUnsentBytes);
    this.#countedUnsentBytes = bytes;
  }

  get #isIdle(): boolean {
    return this.#pending === undefined && this.#blockedBytes === 0;
  }

  /** Copies what its group has pending, so that frames for this client alone can follow. */
  #detach(): void {
    this.#pending = this.#log!.detach(this, this.#root);
    // The group is scheduled, and flushes the readers that have left it as well.
    if (this.#pending) this.#scheduled = Scheduled.Normal;
  }

  /** Goes back to a group when everything is written. */
  #rejoin(): void {
    if (this.#log && !this.group && this.#isIdle) this.#log.rejoin(this);
  }
}
