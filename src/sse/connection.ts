import type { Socket } from "node:net";
import type { FrameChain } from "../delivery/frame_chain.ts";
import { Outbox, type OutboxOptions, type OutboxOwner } from "../delivery/outbox.ts";
import {
  type CloseCause,
  type CloseInfo,
  SERVER_CLOSES,
  type ServerClose,
} from "../websocket/close.ts";
import type { ConnectionOwner } from "../websocket/connection.ts";
import { CloseCode } from "../websocket/frame.ts";
import { type Keepalive, NOWHERE, type Watched } from "../websocket/keepalive.ts";
import { COMMENT, lastComment } from "./event.ts";

/** What all connections of a listener have in common. */
export interface EventStreamOptions extends OutboxOptions {
  /** When comments are sent, and clients cut that take nothing; left out where neither is to be. */
  readonly keepalive?: Keepalive;
  /** Milliseconds that a client has to end its side before the socket is cut. */
  readonly closeTimeoutMs: number;
}

/** What a connection reports to its owner: a client sends nothing. */
export type EventStreamOwner = Omit<ConnectionOwner, "receivedText" | "receivedBinary">;

/** Bytes that a client may send behind its request, which has no business to: an empty line or two. */
export const MAX_IGNORED_BYTES = 1024;

const enum State {
  Open,
  /** This side has ended. The end of the client's is awaited. */
  Ending,
  Gone,
}

/**
 * One response of server-sent events: bytes go out through its {@linkcode Outbox}, and nothing comes
 * in but the end. The response ends with the socket.
 *
 * @example
 * ```ts
 * import { Socket } from "node:net";
 * import { FrameChain } from "../delivery/frame_chain.ts";
 * import { encodeEvent } from "./event.ts";
 * declare const [owner, options]: [EventStreamOwner, EventStreamOptions];
 * const connection = new EventStreamConnection(new Socket(), FrameChain.root(), options);
 * connection.open(owner);
 * connection.outbox.send(encodeEvent("id: 7", [new TextEncoder().encode("hello")]));
 * ```
 */
export class EventStreamConnection implements Watched, OutboxOwner {
  heardAt = 0;
  place: number = NOWHERE;
  /** Events on their way to the client. */
  readonly outbox: Outbox;
  readonly #socket: Socket;
  readonly #options: EventStreamOptions;
  #owner: EventStreamOwner | undefined;
  #state: State = State.Open;
  /** How a connection ended before it had an owner. */
  #earlyClose: CloseInfo | undefined;
  /** Bytes that waited before it had one, if they were too many. */
  #earlyOverflow = 0;
  #ignoredBytes = 0;
  /** What {@linkcode Outbox.progress} was at the last ping. */
  #progress = 0;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param socket that only its outbox writes to from here on, beginning with the response's head
   * @param root where chains of events begin; connections that are sent the same events share it
   */
  constructor(socket: Socket, root: FrameChain, options: EventStreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.outbox = new Outbox(socket, root, this, options);
  }

  /**
   * Begins to notice what becomes of the client.
   *
   * @param head bytes that came with the request
   */
  open(owner: EventStreamOwner, head: Uint8Array = new Uint8Array(0)): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#ignore(chunk.length));
    socket.on("end", () => this.#peerEnded());
    // A reset or a broken pipe: 'close' follows at once.
    socket.on("error", () => {});
    socket.on("close", () => this.#socketClosed());
    if (this.#earlyClose) return owner.closed(this.#earlyClose);
    this.#owner = owner;
    this.#options.keepalive?.add(this);
    if (this.#earlyOverflow > 0) owner.overflowed(this.#earlyOverflow);
    this.#ignore(head.length);
    // While the request was decided, perhaps.
    if (socket.readableEnded) this.#peerEnded();
  }

  /** Whether events go out. */
  get isOpen(): boolean {
    return this.#state === State.Open;
  }

  /** Stops reading from the client, so that TCP holds it back. */
  pause(): void {
    this.#socket.pause();
  }

  /** Continues reading. */
  resume(): void {
    this.#socket.resume();
  }

  /**
   * Writes what is pending, and ends the response.
   *
   * @returns resolves when the socket is gone
   */
  close(info: ServerClose): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    if (this.#state === State.Open) {
      this.outbox.end(lastComment(info.cause));
      this.#leave(State.Ending, { ...info, by: "server" });
    }
    return this.#state === State.Gone ? Promise.resolve() : gone;
  }

  /** Ends the response, because the client does not read: what it was not sent yet is dropped. */
  endSlow(): void {
    if (this.#state !== State.Open) return;
    const { slowConsumer } = SERVER_CLOSES;
    this.outbox.abort(lastComment(slowConsumer.cause));
    this.#leave(State.Ending, { ...slowConsumer, by: "server" });
  }

  /**
   * Sends a comment, unless the client has not even taken what was sent before. A client cannot
   * answer: that the kernel takes what it is given is the sign of life.
   */
  ping(): void {
    const { outbox } = this;
    if (outbox.isBehind && outbox.progress === this.#progress) return;
    this.#progress = outbox.progress;
    this.heardAt = this.#options.keepalive?.now ?? 0;
    if (!outbox.isBehind) outbox.send(COMMENT);
  }

  /** Closes the socket: the client has taken nothing for too long. */
  cut(): void {
    this.#cut(SERVER_CLOSES.idle);
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

  /** A client has nothing to send: what it does is read, so that its end is seen, up to a bound. */
  #ignore(bytes: number): void {
    this.#ignoredBytes += bytes;
    if (this.#ignoredBytes <= MAX_IGNORED_BYTES) return;
    const cause: CloseCause = "protocol violation";
    this.#cut({ code: CloseCode.ProtocolError, reason: "sends data", cause });
  }

  #cut(info: ServerClose): void {
    this.#leave(State.Gone, { ...info, by: "server" });
    this.#socket.destroy();
  }

  #peerEnded(): void {
    // The only way in which a client leaves.
    const { NoStatus: code } = CloseCode;
    this.#leave(State.Ending, { code, reason: "", by: "client", cause: "client" });
  }

  #socketClosed(): void {
    const { Abnormal: code } = CloseCode;
    this.#leave(State.Gone, { code, reason: "", by: "network", cause: "network" });
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
  }

  #leave(state: State, info: CloseInfo): void {
    const wasOpen = this.#state === State.Open;
    if (state > this.#state) this.#state = state;
    if (!wasOpen) return;
    this.#options.keepalive?.remove(this);
    this.outbox.close();
    const owner = this.#owner;
    this.#owner = undefined;
    if (state !== State.Gone) {
      this.#socket.resume();
      this.#socket.end();
      this.#closeTimer = setTimeout(() => this.#socket.destroy(), this.#options.closeTimeoutMs);
    }
    if (owner) owner.closed(info);
    else this.#earlyClose = info;
  }
}
