import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import {
  closeOf,
  closePayload,
  encodeFrame,
  type Frame,
  Opcode,
} from "../../testing/raw_client.ts";
import { RawClient } from "../../testing/raw_client.ts";
import type { FrameToSend } from "../../testing/frames.ts";

/** One case: what a client sends right after the handshake, and all that must come back. */
export interface Row {
  /** What the case is about, in the words of its section. */
  readonly what: string;
  readonly send: readonly (FrameToSend | Uint8Array)[];
  /**
   * What comes, in order, as {@linkcode told} writes frames. Where it does not end in a close
   * frame, the client closes with 1000 and that must be answered.
   */
  readonly expect: readonly string[];
}

/** The server's answer to a binary message, or a text that means nothing to it. */
export const NOT_UNDERSTOOD = '{"error":{"message":"Error while handling message."}}';

/** A text frame; its first fragment with `fin: false`. */
export function text(payload: string | Uint8Array, more: Partial<FrameToSend> = {}): FrameToSend {
  return { opcode: Opcode.text, payload, ...more };
}
export function binary(payload: string | Uint8Array, more: Partial<FrameToSend> = {}): FrameToSend {
  return { opcode: Opcode.binary, payload, ...more };
}
/** A fragment that is not the first; the last one unless told otherwise. */
export function continuation(payload: string | Uint8Array, fin = true): FrameToSend {
  return { opcode: Opcode.continuation, payload, fin };
}
export function ping(payload: string | Uint8Array = ""): FrameToSend {
  return { opcode: Opcode.ping, payload };
}
export function pong(payload: string | Uint8Array = ""): FrameToSend {
  return { opcode: Opcode.pong, payload };
}
export function close(code?: number, reason: string | Uint8Array = ""): FrameToSend {
  return code === undefined
    ? { opcode: Opcode.close }
    : { opcode: Opcode.close, payload: closePayload(code, reason) };
}

/** A message whose answer shows that its text arrived, letter by letter. */
export function echoRequest(name: string): string {
  return JSON.stringify({ event: "subscribe", streams: [name] });
}
/**
 * The answers to {@linkcode echoRequest}, for the only one that was sent: a name that no event can
 * have is refused, and shown in part.
 */
export function echo(name: string): string[] {
  const isPossible = !/[\s\p{Cc}]/u.test(name) && new TextEncoder().encode(name).length <= 255;
  const subscribed = { success: { message: "subscribed", streams: isPossible ? [name] : [] } };
  const refused = { success: { message: `cannot subscribe to ${name.slice(0, 64)}` } };
  return [...(isPossible ? [] : [refused]), subscribed].map((answer) => JSON.stringify(answer));
}
/** An echo request of an exact number of bytes. */
export function echoNameFor(bytes: number): string {
  return "x".repeat(bytes - echoRequest("").length);
}

/**
 * A frame of the server in one line: a text message as it is, `PONG 00ff`, `close 1000` for one
 * without a reason, as an echo is, `fail 1002` for one that gives a reason.
 */
export function told(frame: Frame): string {
  assert.ok(frame.fin && frame.rsv === 0 && !frame.masked, "no server may send such a frame");
  if (frame.opcode === Opcode.text) return new TextDecoder().decode(frame.payload);
  if (frame.opcode === Opcode.pong) return `PONG ${frame.payload.toHex()}`.trimEnd();
  assert.equal(frame.opcode, Opcode.close, "the server sends text, pongs and close frames");
  const { code, reason } = closeOf(frame);
  return reason === "" ? `close ${code}` : `fail ${code}`;
}

/** Sends bytes in pieces of a size, and gives what came until the server ended the connection. */
async function answersTo(url: string, bytes: Uint8Array, size: number): Promise<string[]> {
  using client = await RawClient.open(url);
  const greeting = told(await client.frame());
  assert.equal(greeting, '{"success":{"message":"subscribed","streams":[]}}');
  for (let at = 0; at < bytes.length; at += size) await client.write(bytes.subarray(at, at + size));
  const answers = (await client.rest()).map(told);
  return [...answers, await client.ended()];
}

/** What goes over the wire for a row, and what comes back up to the end of the connection. */
async function script({ send, expect }: Row): Promise<{ bytes: Uint8Array; expected: string[] }> {
  const closes = /^(close|fail) /.test(expect.at(-1) ?? "");
  const parts = (closes ? send : [...send, close(1000)])
    .map((part) => part instanceof Uint8Array ? part.slice() : encodeFrame(part));
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { bytes, expected: [...expect, ...(closes ? [] : ["close 1000"]), "end"] };
}

/**
 * Sends each row in one write and again cut into single bytes (long ones: into 997 bytes), each
 * over a new connection, and compares everything received.
 *
 * @param url of a server whose message limit is at least that of the rows
 * @throws AssertionError that lists the rows that went wrong, the first ten or so
 * @example
 * ```ts
 * await conform("ws://127.0.0.1:8080/", [
 *   { what: "a ping", send: [ping("x")], expect: ["PONG 78"] },
 * ]);
 * ```
 */
export async function conform(url: string, rows: readonly Row[]): Promise<void> {
  const wrong: string[] = [];
  const short = (lines: string[]) => lines.map((line) => line.slice(0, 80)).join(" | ");
  for (const row of rows) {
    // A row that waits in vain takes long, and ten say enough.
    if (wrong.length >= 10) break;
    const { bytes, expected } = await script(row);
    for (const size of [bytes.length, bytes.length > 2000 ? 997 : 1]) {
      const came = await answersTo(url, bytes, size)
        .catch((error: Error) => [`error: ${error.message}`]);
      if (isDeepStrictEqual(came, expected)) continue;
      wrong.push(`${row.what}, ${size === bytes.length ? "in one write" : `by ${size}`}:
  came     ${short(came)}
  expected ${short(expected)}`);
    }
  }
  assert.equal(wrong.length, 0, `${wrong.length} wrong:\n${wrong.join("\n")}`);
}
