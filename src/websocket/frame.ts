/** Frames as the server sends them (RFC 6455 §5.2): never masked. */
import { allocate } from "../delivery/buffer_slab.ts";

/** RFC 6455 §11.8. */
export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

/** Close codes that this server sends (RFC 6455 §7.4.1). */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  /** Never on the wire: the client's close frame had no code. */
  NoStatus: 1005,
  /** Never on the wire: the connection ended without a close frame. */
  Abnormal: 1006,
  InvalidPayload: 1007,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  ServiceRestart: 1012,
} as const;

/** What a client did against RFC 6455, with the close code that says so. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  constructor(readonly closeCode: number, message: string) {
    super(message);
  }
}

/** Bytes of a control frame's payload, at most (RFC 6455 §5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

const encoder = new TextEncoder();

/** Characters in place of a header, by its length. */
const HEADER_ROOM: Readonly<Record<number, string>> = {
  2: " ".repeat(2),
  4: " ".repeat(4),
  10: " ".repeat(10),
};

/** Length of the header of an unmasked frame whose payload has `length` bytes. */
function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** @returns where the payload begins */
function writeHeader(frame: Uint8Array, opcode: number, length: number, start = 0): number {
  frame[start] = 0x80 | opcode;
  if (length < 126) {
    frame[start + 1] = length;
    return start + 2;
  }
  if (length < 65_536) {
    frame[start + 1] = 126;
    frame[start + 2] = length >>> 8;
    frame[start + 3] = length & 0xff;
    return start + 4;
  }
  frame[start + 1] = 127;
  const view = new DataView(frame.buffer, frame.byteOffset + start);
  view.setUint32(2, Math.floor(length / 2 ** 32));
  view.setUint32(6, length >>> 0);
  return start + 10;
}

/**
 * One whole frame whose payload is the concatenated parts. Each part is copied once, straight into
 * the frame, so that an event's envelope and body need no buffer in between.
 *
 * @param opcode one of {@linkcode Opcode}
 * @param parts the payload, in parts
 * @returns the bytes to write; any number of connections may share them
 *
 * @example
 * ```ts
 * const bytes = new TextEncoder();
 * encodeFrame(Opcode.Text, bytes.encode('{"a.b":'), bytes.encode("1"), bytes.encode("}"));
 * ```
 */
export function encodeFrame(opcode: number, ...parts: Uint8Array[]): Uint8Array {
  // A Buffer, because node's sockets write it without conversion. Not from a shared one, because
  // a frame may live long and would keep all of that alive.
  return encodeInto(Buffer.allocUnsafeSlow, opcode, parts);
}

/**
 * The same frame, for one or few connections that it is written to soon: cut from a buffer that such
 * frames share, because the runtime accounts for each buffer.
 */
export function encodeBriefFrame(opcode: number, ...parts: Uint8Array[]): Uint8Array {
  return encodeInto(allocate, opcode, parts);
}

function encodeInto(
  bufferOf: (bytes: number) => Uint8Array,
  opcode: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const frame = bufferOf(headerLength(length) + length);
  let at = writeHeader(frame, opcode, length);
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** Bytes of an unmasked frame whose payload has `length` bytes. */
export function frameLength(length: number): number {
  return headerLength(length) + length;
}

/**
 * Writes a text frame into a buffer that has room for it, for many frames in one buffer.
 *
 * @param length of the payload, which the parts are
 * @returns where the frame ends
 */
export function writeTextFrame(
  target: Uint8Array,
  start: number,
  length: number,
  ...parts: readonly Uint8Array[]
): number {
  let at = writeHeader(target, Opcode.Text, length, start);
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
  return at;
}

/**
 * A text frame.
 *
 * @example
 * ```ts
 * textFrame("pong"); // Uint8Array [0x81, 4, 0x70, 0x6f, 0x6e, 0x67]
 * ```
 */
export function textFrame(text: string): Uint8Array {
  return encodeFrame(Opcode.Text, encoder.encode(text));
}

/**
 * A text frame for one connection that is written soon. A short one is cut from the shared pool, which
 * takes a quarter of the time: one message may have hundreds of answers.
 *
 * @example
 * ```ts
 * answerFrame('{"success":{"message":"cannot subscribe to a.b.c"}}'); // the bytes of its text frame
 * ```
 */
export function answerFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerLength(length) + length);
  frame.write(text, writeHeader(frame, Opcode.Text, length));
  return frame;
}

/**
 * Text frames in a row in one buffer, for one connection that they are written to soon. Where all
 * texts are ASCII they are encoded at once, with room for the headers between them.
 *
 * @example
 * ```ts
 * answerFrames(["a", "bc"]); // Uint8Array [0x81, 1, 0x61, 0x81, 2, 0x62, 0x63]
 * ```
 */
export function answerFrames(texts: readonly string[]): Uint8Array {
  let spaced = "";
  for (const text of texts) spaced += HEADER_ROOM[headerLength(text.length)]! + text;
  const frames = allocate(spaced.length);
  const { read, written } = encoder.encodeInto(spaced, frames);
  if (read !== spaced.length || written !== read) return Buffer.concat(texts.map(answerFrame));
  let at = 0;
  for (const { length } of texts) at = writeHeader(frames, Opcode.Text, length, at) + length;
  return frames;
}

/**
 * A ping, pong or close frame (RFC 6455 §5.5). It is cut from the shared pool, because it is for one
 * connection and soon written: a client that floods with pings causes thousands of them.
 *
 * @param payload at most {@linkcode MAX_CONTROL_PAYLOAD} bytes
 */
export function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(2 + payload.length);
  frame.set(payload, writeHeader(frame, opcode, payload.length));
  return frame;
}

/**
 * A close frame (RFC 6455 §5.5.1).
 *
 * @param code omitted when `undefined`, as in the answer to a close frame without a code
 * @param reason truncated to the 123 bytes that fit, never inside a character
 */
export function closeFrame(code?: number, reason = ""): Uint8Array {
  if (code === undefined) return encodeFrame(Opcode.Close);
  const bytes = new Uint8Array(MAX_CONTROL_PAYLOAD);
  const { written } = encoder.encodeInto(reason, bytes.subarray(2));
  bytes[0] = code >>> 8;
  bytes[1] = code & 0xff;
  return controlFrame(Opcode.Close, bytes.subarray(0, 2 + written));
}

/** Whether a client's close frame may carry this code (RFC 6455 §7.4, and the IANA registry). */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
}
