import { inflate, RSV1 } from "./deflate.ts";
import { CloseCode, isCloseCode, MAX_CONTROL_PAYLOAD, Opcode, ProtocolViolation } from "./frame.ts";
import { takeToken } from "../telemetry/token_bucket.ts";

/** Takes a receiver's whole messages and control frames. */
export interface ReceiverTarget {
  /** Whether more is taken in this call of {@linkcode Receiver.push}; asked after each frame. */
  readonly goesOn: boolean;
  receivedText(message: string): void;
  receivedBinary(message: Uint8Array): void;
  receivedPing(payload: Uint8Array): void;
  receivedPong(payload: Uint8Array): void;
  /** Called last: what follows a close frame is ignored (RFC 6455 §5.5.1). */
  receivedClose(code: number | undefined, reason: string): void;
}

/** What a client may do besides whole messages. Read at every use. */
export interface ReceiverLimits {
  /** Control frames and fragments per second, on average; 0: no limit. */
  readonly frameRate: number;
  /** Control frames and fragments at once. */
  readonly frameBurst: number;
  /** Seconds that a message may take from its first byte to its last. */
  readonly messageTimeout: number;
}

/** Why a client was closed that sends more control frames or fragments than it may. */
export const TOO_MANY_FRAMES = "too many frames";
/** Why a client was closed whose message does not end. */
export const MESSAGE_TIMEOUT = "message timeout";

/** When the bytes came that are being read; one for all receivers, as they read one at a time. */
let now = 0;

const EMPTY = new Uint8Array(0);
const MAX_HEADER = 14;

/** For messages in one frame. ignoreBOM: a byte order mark is part of the text (RFC 6455 §8.1). */
const wholeText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses what one client sends (RFC 6455 §5), in chunks of any size: masked frames, messages in
 * fragments, control frames between them. A message's size is checked when its header is complete,
 * before any of its payload is buffered.
 *
 * Bytes are buffered only while a frame is incomplete, so an idle connection holds none.
 *
 * @example
 * ```ts
 * import { type Socket } from "node:net";
 * declare const [socket, target]: [Socket, ReceiverTarget];
 * const receiver = new Receiver(target, 4096);
 * socket.on("data", (chunk) => receiver.push(chunk));
 * ```
 */
export class Receiver {
  readonly #target: ReceiverTarget;
  readonly #maxMessage: number;
  readonly #deflate: boolean;
  readonly #limits: ReceiverLimits | undefined;
  /** When the client may send a whole burst of frames again, in whole milliseconds. */
  #framesFullAt = 0;
  /** When what is incomplete began; 0 when nothing is. */
  #begunAt = 0;

  /** An incomplete header. */
  #header: Uint8Array | undefined;
  #headerBytes = 0;

  /** The payload of the frame being read, and how many bytes of it were received. */
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;
  #fin = false;
  #opcode: number = 0;
  #mask = 0;

  /** The fragmented message being read: its opcode (0 when there is none), and its bytes so far. */
  #message: number = 0;
  #messageBytes = 0;
  #gathered = EMPTY;
  /** Whether the message that is being read is compressed. */
  #compressed = false;
  /** Checks each fragment of a text, with a character that was split between two fragments. */
  #textCheck: TextDecoder | undefined;
  /** Whether the fragments so far may end within a character. */
  #isSplit = false;

  #closed = false;

  /**
   * @param maxMessage bytes of one message, all fragments together
   * @param deflate whether compression was negotiated
   * @param limits left out where there are none
   */
  constructor(
    target: ReceiverTarget,
    maxMessage: number,
    deflate = false,
    limits?: ReceiverLimits,
  ) {
    this.#limits = limits;
    this.#target = target;
    this.#maxMessage = maxMessage;
    this.#deflate = deflate;
  }

  /**
   * Takes the next bytes from the socket, one frame at least as far as there is one. What must outlive
   * the call is copied.
   *
   * @returns how many bytes were taken; the others are to be pushed again, before what comes next
   * @throws {ProtocolViolation} fail the connection with its close code, and push nothing after that
   */
  push(chunk: Uint8Array): number {
    now = performance.now();
    if (this.#begunAt !== 0) this.#checkDeadline();
    let at = 0;
    while (at < chunk.length && !this.#closed) {
      at = this.#payload ? this.#readPayload(chunk, at) : this.#readHeader(chunk, at);
      if (this.#payload === undefined && at < chunk.length && !this.#target.goesOn) break;
    }
    if (this.#begunAt === 0 && this.#isIncomplete) this.#begunAt = now;
    return this.#closed ? chunk.length : at;
  }

  /** Looked at when more comes: a client that sends nothing is cut by its keepalive. */
  #checkDeadline(): void {
    const { messageTimeout = Infinity } = this.#limits ?? {};
    if (now - this.#begunAt <= messageTimeout * 1000) return;
    throw new ProtocolViolation(CloseCode.PolicyViolation, MESSAGE_TIMEOUT);
  }

  get #isIncomplete(): boolean {
    return this.#header !== undefined || this.#payload !== undefined || this.#message !== 0;
  }

  /** A frame that is not a whole message costs the server nearly as much as one. */
  #countFrame(): void {
    const { frameRate = 0, frameBurst = 0 } = this.#limits ?? {};
    if (frameRate === 0) return;
    const fullAt = takeToken(this.#framesFullAt, Math.floor(now), frameRate, frameBurst);
    if (fullAt === undefined) {
      throw new ProtocolViolation(CloseCode.PolicyViolation, TOO_MANY_FRAMES);
    }
    this.#framesFullAt = fullAt;
  }

  #readHeader(chunk: Uint8Array, at: number): number {
    if (!this.#header) {
      const length = headerLength(chunk, at, chunk.length - at);
      if (length !== 0) {
        this.#openFrame(chunk, at);
        return this.#finishIfEmpty(at + length);
      }
      this.#header = new Uint8Array(MAX_HEADER);
      this.#headerBytes = 0;
    }
    // Byte by byte: only a header that is split between two chunks comes here, 14 bytes at most.
    while (at < chunk.length) {
      this.#header[this.#headerBytes++] = chunk[at++]!;
      // Two bytes are enough to refuse most invalid headers.
      if (this.#headerBytes === 2) refuseHeader(this.#header, 0, this.#deflate);
      if (headerLength(this.#header, 0, this.#headerBytes) !== 0) {
        const header = this.#header;
        this.#header = undefined;
        this.#openFrame(header, 0);
        return this.#finishIfEmpty(at);
      }
    }
    return at;
  }

  /** Decides by the header alone whether the frame is acceptable (RFC 6455 §5.2, §5.4, §5.5). */
  #openFrame(bytes: Uint8Array, at: number): void {
    refuseHeader(bytes, at, this.#deflate);
    this.#fin = (bytes[at]! & 0x80) !== 0;
    this.#opcode = bytes[at]! & 0x0f;
    let length = bytes[at + 1]! & 0x7f;
    let next = at + 2;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (length === 126) {
      length = view.getUint16(next);
      next += 2;
      if (length < 126) throw new ProtocolViolation(CloseCode.ProtocolError, "length not minimal");
    } else if (length === 127) {
      const high = view.getUint32(next);
      if (high > 0x7fffffff) {
        throw new ProtocolViolation(CloseCode.ProtocolError, "length with its top bit set");
      }
      length = high * 2 ** 32 + view.getUint32(next + 4);
      next += 8;
      if (length < 65_536) {
        throw new ProtocolViolation(CloseCode.ProtocolError, "length not minimal");
      }
    }
    if (this.#opcode < 8) {
      if (this.#opcode === Opcode.Continuation && this.#message === 0) {
        throw new ProtocolViolation(CloseCode.ProtocolError, "continuation of no message");
      }
      if (this.#opcode !== Opcode.Continuation && this.#message !== 0) {
        throw new ProtocolViolation(CloseCode.ProtocolError, "new message inside a message");
      }
      if (this.#messageBytes + length > this.#maxMessage) {
        throw new ProtocolViolation(CloseCode.MessageTooBig, "message too big");
      }
      if (this.#opcode !== Opcode.Continuation) this.#compressed = (bytes[at]! & RSV1) !== 0;
    }
    this.#mask = view.getUint32(next);
    // Small ones come from the shared pool; every byte is overwritten before it is used.
    this.#payload = length === 0 ? EMPTY : Buffer.allocUnsafe(length);
    this.#payloadBytes = 0;
  }

  #finishIfEmpty(at: number): number {
    if (this.#payload === EMPTY) this.#finishFrame(EMPTY);
    return at;
  }

  #readPayload(chunk: Uint8Array, at: number): number {
    const payload = this.#payload!;
    const take = Math.min(payload.length - this.#payloadBytes, chunk.length - at);
    let to = this.#payloadBytes;
    const mask = this.#mask;
    for (const end = at + take; at < end; at++, to++) {
      payload[to] = chunk[at]! ^ (mask >>> (24 - ((to & 3) << 3)));
    }
    this.#payloadBytes = to;
    if (to === payload.length) this.#finishFrame(payload);
    return at;
  }

  #finishFrame(payload: Uint8Array): void {
    this.#payload = undefined;
    const isControl = this.#opcode >= Opcode.Close;
    if (isControl || !this.#fin || this.#opcode === Opcode.Continuation) this.#countFrame();
    // Control frames may come within a message, which goes on.
    if (isControl ? this.#message === 0 : this.#fin) this.#begunAt = 0;
    switch (this.#opcode) {
      case Opcode.Ping:
        return this.#target.receivedPing(payload);
      case Opcode.Pong:
        return this.#target.receivedPong(payload);
      case Opcode.Close:
        return this.#finishClose(payload);
    }
    if (this.#opcode !== Opcode.Continuation && this.#fin) this.#deliver(this.#opcode, payload);
    else this.#gather(payload);
  }

  #deliver(opcode: number, payload: Uint8Array): void {
    const message = this.#compressed ? inflate(payload, this.#maxMessage) : payload;
    if (opcode === Opcode.Text) this.#target.receivedText(decode(wholeText, message));
    else this.#target.receivedBinary(message);
  }

  /** One fragment of a message (RFC 6455 §5.4). Text is checked per fragment, to fail early. */
  #gather(payload: Uint8Array): void {
    if (this.#opcode !== Opcode.Continuation) this.#message = this.#opcode;
    if (this.#message === Opcode.Text && !this.#compressed) this.#checkText(payload);
    this.#append(payload);
    if (!this.#fin) return;
    const opcode = this.#message;
    const whole = this.#gathered.subarray(0, this.#messageBytes);
    this.#message = 0;
    this.#messageBytes = 0;
    this.#gathered = EMPTY;
    this.#textCheck = undefined;
    this.#isSplit = false;
    this.#deliver(opcode, whole);
  }

  #checkText(payload: Uint8Array): void {
    // Most fragments need no decoder, which costs more than all the rest of a short one.
    if (!this.#isSplit && isAscii(payload)) return;
    this.#textCheck ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    decode(this.#textCheck, payload, !this.#fin);
    if (payload.length > 0) this.#isSplit = payload[payload.length - 1]! >= 0x80;
  }

  /**
   * Appends a fragment to one buffer. A buffer per fragment would cost a hundred bytes or more, and
   * a client could send thousands of fragments of one byte.
   */
  #append(payload: Uint8Array): void {
    const bytes = this.#messageBytes + payload.length;
    if (bytes > this.#gathered.length) {
      const room = new Uint8Array(Math.min(Math.max(2 * bytes, 64), this.#maxMessage));
      room.set(this.#gathered.subarray(0, this.#messageBytes));
      this.#gathered = room;
    }
    this.#gathered.set(payload, this.#messageBytes);
    this.#messageBytes = bytes;
  }

  /** RFC 6455 §5.5.1, §7.4. */
  #finishClose(payload: Uint8Array): void {
    this.#closed = true;
    if (payload.length === 0) return this.#target.receivedClose(undefined, "");
    if (payload.length === 1) {
      throw new ProtocolViolation(CloseCode.ProtocolError, "close code cut short");
    }
    const code = (payload[0]! << 8) | payload[1]!;
    if (!isCloseCode(code)) {
      throw new ProtocolViolation(CloseCode.ProtocolError, `close code ${code}`);
    }
    this.#target.receivedClose(code, decode(wholeText, payload.subarray(2)));
  }
}

/** Length of the masked header at `at`; 0 when it is longer than the `available` bytes. */
function headerLength(bytes: Uint8Array, at: number, available: number): number {
  if (available < 2) return 0;
  const length = bytes[at + 1]! & 0x7f;
  const header = length < 126 ? 6 : length === 126 ? 8 : 14;
  return available >= header ? header : 0;
}

/**
 * Refuses a header by its first two bytes (RFC 6455 §5.1, §5.2, §5.5). With compression, only the
 * first frame of a message may have RSV1 set (RFC 7692 §6.1).
 */
function refuseHeader(bytes: Uint8Array, at: number, deflate: boolean): void {
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  const opcode = first & 0x0f;
  const beginsMessage = opcode === Opcode.Text || opcode === Opcode.Binary;
  const allowed = deflate && beginsMessage ? RSV1 : 0;
  if ((first & 0x70 & ~allowed) !== 0) {
    throw new ProtocolViolation(CloseCode.ProtocolError, "reserved bits set");
  }
  if (opcode > Opcode.Pong || (opcode > Opcode.Binary && opcode < Opcode.Close)) {
    throw new ProtocolViolation(CloseCode.ProtocolError, `reserved opcode ${opcode}`);
  }
  if ((second & 0x80) === 0) {
    throw new ProtocolViolation(CloseCode.ProtocolError, "frame not masked");
  }
  if (opcode >= Opcode.Close) {
    if ((first & 0x80) === 0) {
      throw new ProtocolViolation(CloseCode.ProtocolError, "control frame in fragments");
    }
    if ((second & 0x7f) > MAX_CONTROL_PAYLOAD) {
      throw new ProtocolViolation(CloseCode.ProtocolError, "control frame too long");
    }
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

function decode(decoder: TextDecoder, bytes: Uint8Array, stream = false): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new ProtocolViolation(CloseCode.InvalidPayload, "text is not UTF-8");
  }
}
