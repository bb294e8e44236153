/**
 * What RFC 6455 makes of a client's bytes, written as plainly as it can be: from the whole of them
 * at once, byte by byte, with nothing of the server's own code. The measure for its receiver.
 */

/** What a client said, one line a message or control frame; payloads in hexadecimal. */
export interface Outcome {
  readonly events: readonly string[];
  /** The code that the connection must be failed with; undefined while all is right. */
  readonly violation: number | undefined;
}

/**
 * @param bytes everything that the client sent after the handshake
 * @param maxMessage bytes that a message may have, all its fragments together
 * @example
 * ```ts
 * import { encodeFrame } from "../../testing/frames.ts";
 * decodeAll(encodeFrame({ opcode: 9, payload: "x" }), 4096); // { events: ["ping 78"], … }
 * ```
 */
export function decodeAll(bytes: Uint8Array, maxMessage: number): Outcome {
  const events: string[] = [];
  let message: { opcode: number; payload: number[] } | undefined;
  let rest = [...bytes];
  const fail = (violation: number): Outcome => ({ events, violation });

  while (true) {
    const [first, second] = rest;
    if (first === undefined || second === undefined) return { events, violation: undefined };
    const fin = first >= 0x80;
    const opcode = first % 16;
    const control = opcode >= 8;
    const short = second % 128;
    if ((first >> 4) % 8 !== 0) return fail(1002);
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) return fail(1002);
    if (second < 0x80) return fail(1002);
    if (control && (!fin || short > 125)) return fail(1002);

    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const payloadAt = 2 + lengthBytes + 4;
    if (rest.length < payloadAt) return { events, violation: undefined };
    let length = BigInt(short);
    if (lengthBytes > 0) {
      length = rest.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
      if (length >= 1n << 63n) return fail(1002);
      if (length < (lengthBytes === 2 ? 126n : 65_536n)) return fail(1002);
    }
    if (!control) {
      if ((opcode === 0) !== (message !== undefined)) return fail(1002);
      if (BigInt(message?.payload.length ?? 0) + length > BigInt(maxMessage)) return fail(1009);
    }

    const end = payloadAt + Number(length);
    if (rest.length < end) return { events, violation: undefined };
    const mask = rest.slice(payloadAt - 4, payloadAt);
    const payload = rest.slice(payloadAt, end).map((byte, index) => byte ^ mask[index % 4]!);
    rest = rest.slice(end);

    if (opcode === 9) events.push(line("ping", payload));
    else if (opcode === 10) events.push(line("pong", payload));
    else if (opcode === 8) {
      const code = payload.length === 0 ? undefined : payload[0]! * 256 + (payload[1] ?? 0);
      if (payload.length === 1 || (code !== undefined && !mayClose(code))) return fail(1002);
      const reason = payload.slice(2);
      if (utf8(reason) !== "whole") return fail(1007);
      events.push(line(`close ${code}`, reason));
      return { events, violation: undefined };
    } else {
      message ??= { opcode, payload: [] };
      message.payload.push(...payload);
      if (message.opcode === 1) {
        const text = utf8(message.payload);
        if (text === "invalid" || (fin && text === "cut")) return fail(1007);
      }
      if (fin) {
        events.push(line(message.opcode === 1 ? "text" : "binary", message.payload));
        message = undefined;
      }
    }
  }
}

/** How events are written, so that outcomes can be compared. */
export function line(what: string, payload: ArrayLike<number>): string {
  return `${what} ${Uint8Array.from(payload).toHex()}`;
}

function mayClose(code: number): boolean {
  return [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
    (code >= 3000 && code < 5000);
}

/** Unicode, table 3-7: first byte, and from where to where the second may go. */
const SEQUENCES: readonly [from: number, to: number, low: number, high: number, length: number][] =
  [
    [0x00, 0x7f, 0, 0, 1],
    [0xc2, 0xdf, 0x80, 0xbf, 2],
    [0xe0, 0xe0, 0xa0, 0xbf, 3],
    [0xe1, 0xec, 0x80, 0xbf, 3],
    [0xed, 0xed, 0x80, 0x9f, 3],
    [0xee, 0xef, 0x80, 0xbf, 3],
    [0xf0, 0xf0, 0x90, 0xbf, 4],
    [0xf1, 0xf3, 0x80, 0xbf, 4],
    [0xf4, 0xf4, 0x80, 0x8f, 4],
  ];

/** Whether bytes are UTF-8, or may become it with more after them, or never will. */
export function utf8(bytes: readonly number[]): "whole" | "cut" | "invalid" {
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!;
    const sequence = SEQUENCES.find(([from, to]) => first >= from && first <= to);
    if (!sequence) return "invalid";
    const [, , low, high, length] = sequence;
    for (let next = 1; next < length; next++) {
      const byte = bytes[at + next];
      if (byte === undefined) return "cut";
      if (byte < (next === 1 ? low : 0x80) || byte > (next === 1 ? high : 0xbf)) return "invalid";
    }
    at += length;
  }
  return "whole";
}
