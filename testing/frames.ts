/** Opcodes of RFC 6455. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A WebSocket frame as it stands on the wire, unmasked. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits as a number: 4 is RSV1. */
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Uint8Array;
}

/** A frame to send; what is left out is as a good client would send it. */
export interface FrameToSend {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly opcode: number;
  /** Text goes out as UTF-8. */
  readonly payload?: string | Uint8Array;
  /** `false` sends it unmasked, which no client may; four bytes are taken as the mask. */
  readonly mask?: boolean | Uint8Array;
  /** In how many bits the length is written; the fewest possible unless named. */
  readonly lengthBits?: 7 | 16 | 64;
  /** What the header says instead of the payload's real length. */
  readonly declaredLength?: number | bigint;
}

/**
 * A frame's bytes.
 *
 * @example
 * ```ts
 * encodeFrame({ opcode: Opcode.text, payload: "ping", mask: new Uint8Array(4) });
 * ```
 */
export function encodeFrame(frame: FrameToSend): Uint8Array<ArrayBuffer> {
  const payload = typeof frame.payload === "string"
    ? new TextEncoder().encode(frame.payload)
    : frame.payload ?? new Uint8Array();
  const length = BigInt(frame.declaredLength ?? payload.length);
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const mask = frame.mask instanceof Uint8Array
    ? frame.mask
    : frame.mask === false
    ? undefined
    : crypto.getRandomValues(new Uint8Array(4));
  const lengthBytes = bits === 7 ? 0 : bits / 8;
  const bytes = new Uint8Array(2 + lengthBytes + (mask === undefined ? 0 : 4) + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (frame.fin === false ? 0 : 0x80) | ((frame.rsv ?? 0) << 4) | frame.opcode;
  bytes[1] = (mask === undefined ? 0 : 0x80) |
    (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  if (bits === 16) view.setUint16(2, Number(length));
  if (bits === 64) view.setBigUint64(2, length);
  const start = bytes.length - payload.length;
  if (mask !== undefined) bytes.set(mask, start - 4);
  for (let index = 0; index < payload.length; index++) {
    bytes[start + index] = (payload[index] ?? 0) ^ (mask?.[index % 4] ?? 0);
  }
  return bytes;
}

/** Takes bytes in any pieces, and gives frames and raw bytes out. */
export class FrameReader {
  #bytes = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  /** Bytes that were added and not taken yet. */
  get pending(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  add(chunk: Uint8Array): void {
    const { pending } = this;
    if (this.#end + chunk.length > this.#bytes.length) {
      const space = new Uint8Array(
        Math.max(this.#bytes.length, 2 * (pending.length + chunk.length)),
      );
      space.set(pending);
      this.#bytes = space;
      this.#end = pending.length;
      this.#start = 0;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Takes a number of raw bytes. */
  take(count: number): Uint8Array {
    const taken = this.pending.slice(0, count);
    this.#start += taken.length;
    return taken;
  }

  /** The next whole frame, or undefined while bytes of it are missing. */
  frame(): Frame | undefined {
    const { pending } = this;
    if (pending.length < 2) return undefined;
    const view = new DataView(pending.buffer, pending.byteOffset, pending.length);
    const first = view.getUint8(0);
    const second = view.getUint8(1);
    const short = second & 0x7f;
    const masked = (second & 0x80) !== 0;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + lengthBytes + (masked ? 4 : 0);
    if (pending.length < start) return undefined;
    const length = short === 126
      ? view.getUint16(2)
      : short === 127
      ? Number(view.getBigUint64(2))
      : short;
    if (pending.length < start + length) return undefined;
    const mask = pending.slice(start - 4, start);
    this.take(start);
    const payload = this.take(length);
    if (masked) {
      for (let index = 0; index < length; index++) {
        payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
      }
    }
    return {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      masked,
      payload,
    };
  }
}

/** A close frame's code and reason; 1005 where it carries none. */
export function closeOf(frame: Frame): { code: number; reason: string } {
  const { payload } = frame;
  if (payload.length < 2) return { code: 1005, reason: "" };
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return { code: view.getUint16(0), reason: new TextDecoder().decode(payload.subarray(2)) };
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Uint8Array {
  const text = typeof reason === "string" ? new TextEncoder().encode(reason) : reason;
  return new Uint8Array([code >> 8, code & 0xff, ...text]);
}
