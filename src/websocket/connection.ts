import type { Socket } from "node:net";
import type { FrameChain } from "../delivery/frame_chain.ts";
import { Outbox, type OutboxOptions, type OutboxOwner } from "../delivery/outbox.ts";
import {
  beginReading,
  continueReading,
  type SocketReaderOwner,
  stopReading,
} from "../delivery/socket_reader.ts";
import { type CloseCause, type CloseInfo, SERVER_CLOSES, type ServerClose } from "./close.ts";
import {
  CloseCode,
  closeFrame,
  controlFrame,
  encodeFrame,
  Opcode,
  ProtocolViolation,
} from "./frame.ts";
import { type Keepalive, NOWHERE, type Watched } from "./keepalive.ts";
import type { PacedReader, ReadPace } from "./read_pace.ts";
import type { ReadTurns, TurnTaker } from "./read_turns.ts";
import {
  MESSAGE_TIMEOUT,
  Receiver,
  type ReceiverLimits,
  type ReceiverTarget,
  TOO_MANY_FRAMES,
} from "./receiver.ts";

/** What all connections of a listener have in common. */
export interface ConnectionOptions extends OutboxOptions {
  /** When clients are read, and when what they send is handled. */
  readonly pace: ReadPace;
  readonly turns: ReadTurns;
  /** Pings connections and cuts those that are silent; left out where none is to be. */
  readonly keepalive?: Keepalive;
  /** What a client may do besides whole messages; left out if nothing limits it. */
  readonly receiving?: ReceiverLimits;
  /** Read at every use, so a reload takes effect everywhere. */
  readonly limits: OutboxOptions["limits"] & {
    /** Bytes of one message from the client, all fragments together; those of new connections. */
    readonly messageBytes: number;
  };
  /** Milliseconds that a closing handshake may take before the socket is cut. */
  readonly closeTimeoutMs: number;
}

/** What a connection reports to its owner. */
export interface ConnectionOwner {
  receivedText(message: string): void;
  receivedBinary(message: Uint8Array): void;
  /** The client has taken everything it was blocked on: there is room to offer more. */
  drained(): void;
  /** The client has taken everything that waited for it. */
  caughtUp(): void;
  /**
   * The client reads more slowly than it is sent to: as long as it does, the owner should send nothing
   * that can wait. Called for each frame that is sent anyway.
   *
   * @param bytes that wait for it
   */
  overflowed(bytes: number): void;
  /**
   * Called once, when the connection no longer carries messages: nothing is received after it, and
   * what is sent after it is dropped. The socket may stay open for the closing handshake.
   */
  closed(info: CloseInfo): void;
}

/** Violations that a limit names, by the reason on the wire. */
const CAUSES: Partial<Record<string, CloseCause>> = {
  [TOO_MANY_FRAMES]: "message rate",
  [MESSAGE_TIMEOUT]: "message timeout",
};

const enum State {
  Open,
  /** Our close frame is out; the client's is awaited. */
  Closing,
  /** Both close frames are out, or the client broke the protocol: the end of TCP is awaited. */
  Ending,
  Gone,
}

/** From a socket to its connection, so that all sockets share the same listener functions. */
const CONNECTION = Symbol("connection");
type LinkedSocket = Socket & { [CONNECTION]?: WebSocketConnection };

const EMPTY_PONG = encodeFrame(Opcode.Pong);
const PING = encodeFrame(Opcode.Ping);

function onEnd(this: LinkedSocket): void {
  this[CONNECTION]?.["peerEnded"]();
}
function onClose(this: LinkedSocket): void {
  this[CONNECTION]?.["socketClosed"]();
}
// A reset or a broken pipe: 'close' follows at once, and is handled.
function onError(): void {}

/**
 * Rebuilds a socket's table of listeners. Listeners come and go during a handshake, for which V8
 * turns the table into a hash table that stays as large as it was: 450 bytes for four entries. As
 * an object with these four members it takes 60.
 */
function compactListeners(socket: Socket): void {
  const emitter = socket as Socket & { _events?: Record<string, unknown> };
  if (emitter._events === undefined) return;
  const compact: Record<string, unknown> = {};
  for (const name in emitter._events) {
    const listeners = emitter._events[name];
    if (listeners !== undefined) compact[name] = listeners;
  }
  emitter._events = compact;
}

/**
 * One WebSocket connection after its opening handshake: messages in, control frames and the closing
 * handshake (RFC 6455 §5.5, §7). Everything that goes out, goes through its {@linkcode Outbox}.
 *
 * @example
 * ```ts
 * import { Socket } from "node:net";
 * import { FrameChain } from "../delivery/frame_chain.ts";
 * import { textFrame } from "./frame.ts";
 * declare const [owner, options, head]: [ConnectionOwner, ConnectionOptions, Uint8Array];
 * const connection = new WebSocketConnection(new Socket(), FrameChain.root(), options);
 * connection.open(owner, head);
 * connection.send(textFrame("hello"));
 * ```
 */
export class WebSocketConnection
  implements ReceiverTarget, SocketReaderOwner, PacedReader, TurnTaker, Watched, OutboxOwner {
  heardAt = 0;
  place: number = NOWHERE;
  turnTag = 0;
  turnAt = 0;
  /** Frames on their way to the client. */
  readonly outbox: Outbox;
  readonly #socket: LinkedSocket;
  readonly #options: ConnectionOptions;
  readonly #receiver: Receiver;
  #owner: ConnectionOwner | undefined;
  /** Whether the owner takes no messages for now. */
  #isPaused = false;
  /** What was read and is not handled yet. As long as there is some, no more is read. */
  #held: Uint8Array | undefined;
  /** Whether it is not to be read for now, because it was read just now. */
  #isResting = false;
  /** Whether it waits for its turn, or has it. */
  #isWaiting = false;
  #state: State = State.Open;
  /** How a connection ended before it had an owner. */
  #earlyClose: CloseInfo | undefined;
  /** Bytes that waited before it had one, if they were too many. */
  #earlyOverflow = 0;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param socket that only its outbox writes to from here on, beginning with the 101 answer
   * @param root where chains of frames begin; connections that are sent the same frames share it
   * @param deflate whether compression was negotiated
   */
  constructor(socket: Socket, root: FrameChain, options: ConnectionOptions, deflate = false) {
    this.#socket = socket;
    this.#options = options;
    this.outbox = new Outbox(socket, root, this, options);
    this.#receiver = new Receiver(this, options.limits.messageBytes, deflate, options.receiving);
    this.#socket[CONNECTION] = this;
  }

  /**
   * Begins to receive.
   *
   * @param head bytes that came with the handshake's last segment
   */
  open(owner: ConnectionOwner, head: Uint8Array): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("end", onEnd);
    socket.on("error", onError);
    socket.on("close", onClose);
    compactListeners(socket);
    // What was sent before, an answer and the state of each first stream, may have been too much.
    if (this.#earlyClose) {
      owner.closed(this.#earlyClose);
    } else {
      this.#owner = owner;
      this.#options.keepalive?.add(this);
      if (this.#earlyOverflow > 0) owner.overflowed(this.#earlyOverflow);
    }
    beginReading(socket, head, this);
    // While the handshake was decided, perhaps.
    if (socket.readableEnded) this.peerEnded();
  }

  /** Whether messages go in and out. */
  get isOpen(): boolean {
    return this.#state === State.Open;
  }

  /**
   * Queues one frame for the client. Does nothing once the connection is no longer open.
   *
   * @param frame from {@linkcode encodeFrame}; the same object for every connection that is sent it
   */
  send(frame: Uint8Array): void {
    this.outbox.send(frame);
  }

  /** Takes no further message from the client, and reads no more, so that TCP holds it back. */
  pause(): void {
    this.#isPaused = true;
    stopReading(this.#socket);
  }

  /** Takes messages again. */
  resume(): void {
    this.#isPaused = false;
    this.#continue();
  }

  /**
   * Begins the closing handshake: what is pending is written first, then the close frame; the
   * client has `closeTimeoutMs` to answer it.
   *
   * @returns resolves when the socket is gone
   */
  close(info: ServerClose): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    if (this.#state === State.Open) {
      this.outbox.end(closeFrame(info.code, info.reason));
      this.#leave(State.Closing, { ...info, by: "server" });
    }
    return this.#state === State.Gone ? Promise.resolve() : gone;
  }

  /** Sends a ping (RFC 6455 §5.5.2), unless the client has not even taken what was sent before. */
  ping(): void {
    if (!this.outbox.isBehind) this.send(PING);
  }

  /** Closes the socket without a close frame: the client is silent. */
  cut(): void {
    this.#leave(State.Gone, { ...SERVER_CLOSES.idle, by: "server" });
    this.#socket.destroy();
  }

  receivedText(message: string): void {
    if (this.#state === State.Open) this.#owner?.receivedText(message);
  }

  receivedBinary(message: Uint8Array): void {
    if (this.#state === State.Open) this.#owner?.receivedBinary(message);
  }

  /** RFC 6455 §5.5.2. Pongs count as unsent like any frame, so a flood of pings has a limit. */
  receivedPing(payload: Uint8Array): void {
    this.send(payload.length === 0 ? EMPTY_PONG : controlFrame(Opcode.Pong, payload));
  }

  receivedPong(): void {}

  /** RFC 6455 §5.5.1: the answer carries the same code; the server ends TCP first (§7.1.1). */
  receivedClose(code: number | undefined, reason: string): void {
    if (this.#state === State.Open) {
      this.outbox.end(closeFrame(code));
      const info = {
        code: code ?? CloseCode.NoStatus,
        reason,
        by: "client",
        cause: "client",
      } as const;
      this.#leave(State.Ending, info);
    } else {
      this.#state = State.Ending;
    }
    this.#endSocket();
  }

  /** For the outbox. */
  caughtUp(): void {
    this.#owner?.caughtUp();
  }

  /** For the outbox. */
  drained(): void {
    this.#owner?.drained();
  }

  /** For the outbox. */
  overflowed(bytes: number): void {
    if (this.#owner) this.#owner.overflowed(bytes);
    else this.#earlyOverflow = bytes;
  }

  /**
   * Ends the connection, because the client does not read. The close frame follows what the socket
   * holds already, so that a client that reads again gets whole frames and then the reason; one that
   * does not is cut after the timeout.
   */
  endSlow(): void {
    if (this.#state !== State.Open) return;
    const { slowConsumer } = SERVER_CLOSES;
    this.outbox.abort(closeFrame(slowConsumer.code, slowConsumer.reason));
    this.#leave(State.Closing, { ...slowConsumer, by: "server" });
  }

  /** For the socket's reader. */
  received(bytes: Uint8Array): void {
    const { keepalive, pace, turns } = this.#options;
    if (keepalive) this.heardAt = keepalive.now;
    if (!this.#isResting && !pace.count(this)) {
      this.#isResting = true;
      stopReading(this.#socket);
    }
    if (this.#held !== undefined) return this.#hold(Buffer.concat([this.#held, bytes]));
    if (this.#isPaused || !turns.begin(this)) return this.#hold(new Uint8Array(bytes));
    const taken = this.#handle(bytes);
    turns.end(this);
    if (taken < bytes.length) this.#hold(new Uint8Array(bytes.subarray(taken)));
  }

  /** For the pace. */
  rested(): void {
    this.#isResting = false;
    this.#continue();
  }

  /** For the receiver. */
  get goesOn(): boolean {
    return !this.#isPaused && this.#options.turns.goesOn;
  }

  /** For the turns: handles what was read and had to wait. */
  takeTurn(): boolean {
    const { keepalive } = this.#options;
    // It is not read meanwhile, so that it cannot be heard otherwise.
    if (keepalive) this.heardAt = keepalive.now;
    const held = this.#held;
    const taken = held ? this.#handle(held) : 0;
    // It may have gone before or meanwhile.
    if (this.#held) this.#held = taken < held!.length ? held!.subarray(taken) : undefined;
    this.#isWaiting = this.#held !== undefined && !this.#isPaused;
    if (!this.#isWaiting) this.#continue();
    return this.#isWaiting;
  }

  /** @returns how many of the bytes were handled */
  #handle(bytes: Uint8Array): number {
    // What follows a close frame is ignored; it is read so that the end of TCP is seen.
    if (this.#state === State.Ending || this.#state === State.Gone) return bytes.length;
    this.outbox.cork();
    try {
      return this.#receiver.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#fail(error);
      return bytes.length;
    } finally {
      this.outbox.uncork();
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#held = bytes;
    stopReading(this.#socket);
    this.#continue();
  }

  /** Goes on with what was read, and then reads more. */
  #continue(): void {
    if (this.#isPaused || this.#isWaiting) return;
    if (this.#held !== undefined) {
      this.#isWaiting = true;
      this.#options.turns.wait(this);
    } else if (this.#socket.readableEnded) this.peerEnded();
    else if (!this.#isResting) continueReading(this.#socket);
  }

  private peerEnded(): void {
    // An end that came with the handshake overtakes what is held; `#continue` comes back to it.
    if (this.#state === State.Open && (this.#isPaused || this.#held !== undefined)) return;
    // Upgraded sockets are half-open: the descriptor stays until this side ends as well.
    this.#lost(State.Ending);
    this.#endSocket();
  }

  private socketClosed(): void {
    this.#lost(State.Gone);
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
    delete this.#socket[CONNECTION];
  }

  #lost(state: State): void {
    this.#leave(state, { code: CloseCode.Abnormal, reason: "", by: "network", cause: "network" });
  }

  /** Fails the connection (RFC 6455 §7.1.7): sends the reason and reads no further. */
  #fail({ closeCode: code, message: reason }: ProtocolViolation): void {
    this.outbox.end(closeFrame(code, reason));
    const cause = CAUSES[reason] ??
      (code === CloseCode.MessageTooBig ? "message too large" : "protocol violation");
    this.#leave(State.Ending, { code, reason, by: "server", cause });
    this.#endSocket();
  }

  /** At most once: a second `end` makes an error whose stack costs more than a handshake. */
  #endSocket(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #leave(state: State, info: CloseInfo): void {
    const wasOpen = this.#state === State.Open;
    if (state > this.#state) this.#state = state;
    if (!wasOpen) return;
    this.#options.keepalive?.remove(this);
    this.outbox.close();
    const owner = this.#owner;
    this.#owner = undefined;
    // Of a client that was closed by the server, the close frame is still awaited.
    if (state !== State.Closing) this.#held = undefined;
    if (state !== State.Gone) {
      this.resume();
      this.#closeTimer = setTimeout(() => this.#socket.destroy(), this.#options.closeTimeoutMs);
    }
    if (owner) owner.closed(info);
    else this.#earlyClose = info;
  }
}
