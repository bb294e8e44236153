import type { Socket } from "node:net";
import type { FrameChain } from "../delivery/frame_chain.ts";
import type { LogReader, WriteGroup } from "../delivery/write_group.ts";
import { type CloseInfo, NO_SIGN_OF_LIFE, SLOW_CONSUMER } from "./close_info.ts";
import { CloseCode, closeFrame, controlFrame, encodeFrame, Opcode } from "./frame.ts";
import { NOWHERE, type Watched } from "./keepalive.ts";
import type { ConnectionOptions } from "./options.ts";
import { type SocketWriterOwner, write } from "../delivery/socket_writer.ts";
import type { ConnectionOwner } from "./owner.ts";
import type { Flushable } from "../delivery/flushable.ts";
import { Receiver, type ReceiverTarget } from "./receiver.ts";
import { SharedLog } from "../delivery/shared_log.ts";
import { takeReadBudget } from "./read_budget.ts";
import { ProtocolViolation } from "./violation.ts";

const enum State {
  Open,
  /** Our close frame is out; the client's is awaited. */
  Closing,
  /** Both close frames are through, or the client broke the protocol: only the end of TCP is awaited. */
  Ending,
  Gone,
}

/** From a socket to its connection, so that the listeners are functions shared by all sockets. */
const CONNECTION = Symbol("connection");
type LinkedSocket = Socket & { [CONNECTION]?: WebSocketConnection };

const EMPTY_PONG = encodeFrame(Opcode.Pong);
const PING = encodeFrame(Opcode.Ping);

function onData(this: LinkedSocket, chunk: Uint8Array): void {
  this[CONNECTION]?.["receive"](chunk);
}
function onEnd(this: LinkedSocket): void {
  this[CONNECTION]?.["peerEnded"]();
}
function onClose(this: LinkedSocket): void {
  this[CONNECTION]?.["socketClosed"]();
}
// A reset or a broken pipe: 'close' follows at once and says all there is to say.
function onError(): void {}

/**
 * One WebSocket connection, from the moment after the opening handshake: messages in, frames out,
 * control frames, the closing handshake (RFC 6455 §5.5, §7).
 *
 * What is sent is not written at once. It joins what the connection owes already, and `flush`,
 * called by the scheduler, writes all of it in one go. While the client does not take what was
 * written, nothing more is; past `maxUnsent` the client is closed as a slow consumer. What it asked
 * for itself is offered, not sent: that may take as long as it takes.
 *
 * @example
 * ```ts
 * const connection = new WebSocketConnection(socket, root, options);
 * connection.open(owner, head);
 * connection.send(textFrame("hello"));
 * ```
 */
export class WebSocketConnection
  implements ReceiverTarget, SocketWriterOwner, Watched, LogReader, Flushable {
  heardAt = 0;
  place: number = NOWHERE;
  group: WriteGroup | undefined;
  index = 0;
  readonly #socket: LinkedSocket;
  readonly #options: ConnectionOptions;
  readonly #root: FrameChain;
  readonly #receiver: Receiver;
  #owner: ConnectionOwner | undefined;
  /** The frames that others are sent as well. */
  #log: SharedLog | undefined;
  #pending: FrameChain | undefined;
  #marked = false;
  /** Bytes that the kernel was given and did not take yet; nothing more is written meanwhile. */
  #waiting = 0;
  /** Of those, and of what is pending, the bytes that were offered. */
  #offeredWaiting = 0;
  #offeredPending = 0;
  /** Bytes that the meter knows to wait here. */
  #metered = 0;
  /** The owner wants nothing to be read. */
  #held = false;
  #state: State = State.Open;
  /** Of a connection that ended before it had an owner to tell. */
  #untold: CloseInfo | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param socket after the 101 answer was written to it
   * @param root where batches begin; connections that are sent the same frames share it
   * @param deflate whether compression was negotiated
   */
  constructor(socket: Socket, root: FrameChain, options: ConnectionOptions, deflate = false) {
    this.#socket = socket;
    this.#root = root;
    this.#options = options;
    this.#receiver = new Receiver(this, options.maxMessage, deflate, options.receiving);
    this.#socket[CONNECTION] = this;
  }

  /**
   * Begins to receive.
   *
   * @param head what came with the handshake's last segment
   */
  open(owner: ConnectionOwner, head: Uint8Array): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", onClose);
    // What was sent before, an answer and a snapshot of each first stream, may have been too much.
    if (this.#untold) return owner.closed(this.#untold);
    this.#owner = owner;
    this.#options.keepalive?.add(this);
    if (head.length > 0) this.receive(head);
  }

  /** One, to whoever flushes. */
  get size(): number {
    return 1;
  }

  /** Whether messages go in and out. */
  get isOpen(): boolean {
    return this.#state === State.Open;
  }

  /**
   * Owes the client one more frame. Does nothing once the connection is not open any more.
   *
   * @param frame from {@linkcode encodeFrame}; the same object for every connection that is to get it
   */
  send(frame: Uint8Array): void {
    if (this.#state !== State.Open) return;
    if (this.group) this.#stepAside();
    const pending = this.#pending = (this.#pending ?? this.#root).with(frame);
    if (this.#waiting > 0) {
      this.#meter(this.#metered + frame.length);
      const held = pending.weight - this.#offeredPending + this.#waiting - this.#offeredWaiting;
      if (held > this.#options.maxUnsent) this.#cutSlowConsumer();
      return;
    }
    if (!this.#marked) {
      this.#marked = true;
      this.#options.scheduler.schedule(this);
    }
    // So much in one turn says nothing about the client yet: it is offered before it is judged.
    if (pending.weight > this.#options.maxUnsent) this.flush();
  }

  /**
   * Owes the client a frame that it asked for, or needs to go on: a state. How long it takes that
   * is not held against it, as long as there was room; beyond that it is a frame like any other.
   */
  offer(frame: Uint8Array): void {
    if (this.hasRoom) this.#offeredPending += frame.length;
    this.send(frame);
    // Either there is room again now, or the owner will be told.
    if (!this.hasRoom) this.flush();
  }

  /**
   * Whether more may be offered. Who has much to offer stops when there is no room, and goes on
   * when the owner is told that the connection is drained.
   */
  get hasRoom(): boolean {
    return this.#state === State.Open &&
      this.#offeredPending + this.#offeredWaiting < this.#options.maxUnsent;
  }

  /** A log for connections like this one, that are to be sent the same. */
  newLog(): SharedLog {
    return new SharedLog(this.#options);
  }

  /**
   * From here on the client is owed what is appended to a log, and no longer what is appended to
   * the last one.
   *
   * @param log `undefined` for none
   */
  attach(log: SharedLog | undefined): void {
    if (this.#state !== State.Open || log === this.#log) return;
    if (this.group) this.#stepAside();
    this.#log?.remove(this);
    this.#log = log;
    log?.add(this, this.#owesNothing);
  }

  /**
   * Writes everything owed in one write; what it owes together with others is written with them.
   * For the scheduler.
   *
   * @returns how many frames that was
   */
  flush(): number {
    this.#marked = false;
    const pending = this.#pending;
    if (pending === undefined || this.#waiting > 0) return 0;
    this.#pending = undefined;
    const offered = this.#offeredPending;
    this.#offeredPending = 0;
    this.#write(pending.join(), pending.frames);
    if (this.#waiting > 0) this.#offeredWaiting = offered;
    else this.#fallIn();
    return pending.frames;
  }

  /** For its cohort: what it owes with others. */
  writeShared(bytes: Uint8Array, frames: number): void {
    this.#write(bytes, frames);
    if (this.#waiting > 0) this.#stepAside();
  }

  /** Stops to read from the client, so that TCP holds it back. */
  pause(): void {
    this.#held = true;
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#held = false;
    this.#socket.resume();
  }

  /** In the next turn of the event loop, after this one's share was read. */
  readOn(): void {
    if (!this.#held) this.#socket.resume();
  }

  /**
   * Ends the connection in order: what is owed is written first, then the close frame; the
   * client has `closeTimeout` to answer it.
   *
   * @returns when the socket is gone
   */
  close(code: number, reason = ""): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    if (this.#state === State.Open) {
      this.#writeLast(closeFrame(code, reason));
      this.#leave(State.Closing, { code, reason, by: "server" });
    }
    return this.#state === State.Gone ? Promise.resolve() : gone;
  }

  /** Owes a ping (RFC 6455 §5.5.2), unless the client has not taken what was written before. */
  ping(): void {
    if (this.#waiting === 0) this.send(PING);
  }

  /** Cuts the connection of a client that gives no sign of life. */
  cut(): void {
    this.terminate(NO_SIGN_OF_LIFE);
  }

  /** Cuts the connection without a word; the reason is for the owner only. */
  terminate(reason = ""): void {
    this.#leave(State.Gone, { code: CloseCode.Abnormal, reason, by: "server" });
    this.#socket.destroy();
  }

  receivedText(message: string): void {
    if (this.#state === State.Open) this.#owner?.receivedText(message);
  }

  receivedBinary(message: Uint8Array): void {
    if (this.#state === State.Open) this.#owner?.receivedBinary(message);
  }

  /** RFC 6455 §5.5.2. A pong is owed like any frame, so that a client that does not read is found out. */
  receivedPing(payload: Uint8Array): void {
    this.send(payload.length === 0 ? EMPTY_PONG : controlFrame(Opcode.Pong, payload));
  }

  receivedPong(): void {}

  /** RFC 6455 §5.5.1: the answer carries the same code; the server ends TCP first (§7.1.1). */
  receivedClose(code: number | undefined, reason: string): void {
    if (this.#state === State.Open) {
      this.#writeLast(closeFrame(code));
      this.#leave(State.Ending, { code: code ?? CloseCode.NoStatus, reason, by: "client" });
    } else {
      this.#state = State.Ending;
    }
    this.#endSocket();
  }

  private receive(chunk: Uint8Array): void {
    if (!takeReadBudget(chunk.length, this)) this.#socket.pause();
    const { keepalive } = this.#options;
    if (keepalive) this.heardAt = keepalive.now;
    // After its close frame a client has nothing to say; it is read so that its end is seen.
    if (this.#state === State.Ending || this.#state === State.Gone) return;
    try {
      this.#receiver.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#fail(error.closeCode, error.message);
    }
  }

  written(bytes: number): void {
    this.#waiting -= bytes;
    if (this.#waiting > 0) return;
    this.#meter(0);
    this.#offeredWaiting = 0;
    if (this.#state !== State.Open) return;
    this.#owner?.drained();
    this.flush();
    this.#fallIn();
  }

  private peerEnded(): void {
    // Upgraded sockets are half-open: the descriptor stays until this side ends as well.
    this.#leave(State.Ending, { code: CloseCode.Abnormal, reason: "", by: "network" });
    this.#endSocket();
  }

  private socketClosed(): void {
    this.#leave(State.Gone, { code: CloseCode.Abnormal, reason: "", by: "network" });
    clearTimeout(this.#timer);
    this.#timer = undefined;
    delete this.#socket[CONNECTION];
  }

  #write(bytes: Uint8Array, frames: number): void {
    this.#options.meter.wrote(frames, bytes.length);
    if (write(this.#socket, bytes, this)) return;
    this.#waiting += bytes.length;
    this.#meter(this.#waiting);
  }

  #meter(bytes: number): void {
    this.#options.meter.waits(bytes - this.#metered);
    this.#metered = bytes;
  }

  get #owesNothing(): boolean {
    return this.#pending === undefined && this.#waiting === 0;
  }

  /** Takes what it owes with others upon itself, to owe something else behind that. */
  #stepAside(): void {
    this.#pending = this.#log!.detach(this, this.#root);
    // Those it leaves were marked, and have it flushed with them.
    if (this.#pending) this.#marked = true;
  }

  /** Goes with others again, once it owes nothing else. */
  #fallIn(): void {
    if (this.#log && !this.group && this.#owesNothing) this.#log.rejoin(this);
  }

  /** A close frame, behind the answers to all that came before what it answers (RFC 6455 §5.5.2). */
  #writeLast(frame: Uint8Array): void {
    if (this.group) this.#stepAside();
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) this.#write(pending.join(), pending.frames);
    this.#write(frame, 1);
  }

  /** Fails the connection (RFC 6455 §7.1.7): says why, and reads no further. */
  #fail(code: number, reason: string): void {
    if (this.#state === State.Open) {
      this.#writeLast(closeFrame(code, reason));
    }
    this.#leave(State.Ending, { code, reason, by: "server" });
    this.#endSocket();
  }

  /** Once: the stream makes an error of a second time, and its stack costs more than a handshake. */
  #endSocket(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #cutSlowConsumer(): void {
    this.#pending = undefined;
    // Behind what the socket holds already, so that a client that wakes up reads whole frames and
    // then why; one that does not is cut when the time is over.
    this.#write(closeFrame(CloseCode.PolicyViolation, SLOW_CONSUMER), 1);
    this.#leave(State.Closing, {
      code: CloseCode.PolicyViolation,
      reason: SLOW_CONSUMER,
      by: "server",
    });
  }

  #leave(state: State, ending: CloseInfo): void {
    const wasOpen = this.#state === State.Open;
    if (state > this.#state) this.#state = state;
    if (!wasOpen) return;
    this.#options.keepalive?.remove(this);
    this.#log?.remove(this);
    this.#log = undefined;
    this.#pending = undefined;
    this.#meter(0);
    const owner = this.#owner;
    this.#owner = undefined;
    if (state !== State.Gone) {
      this.resume();
      this.#timer = setTimeout(() => this.#socket.destroy(), this.#options.closeTimeout);
    }
    if (owner) owner.closed(ending);
    else this.#untold = ending;
  }
}
