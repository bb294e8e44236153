import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { encodeFrame, type FrameToSend, Opcode } from "../../testing/frames.ts";

/** One kind of hostile message, the worst that there is of it. */
export interface Attack {
  readonly name: string;
  /** The path of a handshake, where each message is one, by a connection that ends after it. */
  readonly handshake?: string;
  /** Sent once per connection, before. */
  readonly setup: readonly Uint8Array[];
  /** Sent in turn; several frames where they only make sense together. */
  readonly messages: readonly Uint8Array[];
  /** Messages per second and connection that the limits allow. */
  readonly rate: number;
  /** Messages whose cost is measured without the limits on rates. */
  readonly count: number;
}

/** Levels of the deep book that `measure.ts` publishes, and how many shallow ones there are. */
export const DEEP_LEVELS = 10_000;
export const SHALLOW_BOOKS = 100;
export const SHALLOW_LEVELS = 300;

const MESSAGE_RATE = 19;
const FRAME_RATE = 190;

/** Messages that count as several each are let through more rarely. */
const rateOf = (cost: number): number => MESSAGE_RATE / cost;
/** What the longest message counts as. */
const LONGEST = 4;
const MESSAGE_BYTES = 4096;

function frame(payload: string | Uint8Array, more: Partial<FrameToSend> = {}): Uint8Array {
  return encodeFrame({ opcode: Opcode.text, payload, ...more });
}

function json(value: unknown): Uint8Array {
  return frame(JSON.stringify(value));
}

/** Always the same message. */
function same(
  name: string,
  message: Uint8Array,
  more: Partial<Omit<Attack, "name" | "messages">> = {},
): Attack {
  return { name, setup: [], messages: [message], rate: MESSAGE_RATE, count: 4000, ...more };
}

/** A message and another one that undoes it. */
function alternating(
  name: string,
  streams: readonly string[],
  count: number,
  cost: number,
): Attack {
  const messages = ["subscribe", "unsubscribe"].map((event) => json({ event, streams }));
  return { name, setup: [], messages, rate: rateOf(cost), count };
}

/** 256 names of 63 bytes, all that a connection may hold, 50 a message. */
const longNames = Array.from({ length: 256 }, (_, at) => `${`${at}`.padStart(61, "a")}.b`);
const holdAll = Array.from(
  { length: 6 },
  (_, at) => json({ event: "subscribe", streams: longNames.slice(at * 50, at * 50 + 50) }),
);

const refusedNames = Array.from({ length: 380 }, (_, at) => `a.b.${at}`.slice(0, 7));

/** Well formed, of a key that the server knows, and with another signature each time. */
function forged(): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { uid: "ID1", sub: "session", jti: "x", exp: 4e9 };
  return `Bearer ${part({ alg: "RS256" })}.${part(claims)}.${
    randomBytes(256).toString("base64url")
  }`;
}
const tokens = Array.from({ length: 500 }, () => json({ jwt: forged() }));

const begun = frame("x", { fin: false });

const ping = frame("ping");

export const ATTACKS: readonly Attack[] = [
  same("text ping (an honest message, to compare)", ping),
  same("unsubscribe with 256 long names held", json({ event: "unsubscribe", streams: ["x"] }), {
    setup: holdAll,
  }),
  same(
    "subscribe to 380 names that are refused",
    json({
      event: "subscribe",
      streams: refusedNames,
    }),
    { count: 500, rate: rateOf(LONGEST + 16) },
  ),
  alternating("subscribe and unsubscribe 55 names", longNames.slice(0, 55), 1000, LONGEST + 3),
  alternating("subscribe and unsubscribe a book of 10,000 levels", ["deep.ob-inc"], 400, 1),
  alternating(
    "subscribe and unsubscribe 100 books",
    Array.from({ length: SHALLOW_BOOKS }, (_, at) => `m${at}.ob-inc`),
    200,
    // 13 and 1, and the text of 1.2 KB counts as one more.
    8,
  ),
  same(
    "JSON of 4 KiB that is nested as deep as it goes",
    frame(`{"a":${"[".repeat(MESSAGE_BYTES - 5)}`),
    { rate: rateOf(LONGEST) },
  ),
  same("JSON of 4 KiB that is not a message", json({ event: "x".repeat(MESSAGE_BYTES - 20) }), {
    rate: rateOf(LONGEST),
  }),
  same("text of 4 KiB that is not JSON", frame("x".repeat(MESSAGE_BYTES)), {
    rate: rateOf(LONGEST),
  }),
  {
    name: "a forged token, another one each time",
    setup: [],
    messages: tokens,
    rate: MESSAGE_RATE,
    count: tokens.length,
  },
  same("the same forged token", tokens[0]!, { count: 2000 }),
  same("ping of 125 bytes", frame("x".repeat(125), { opcode: Opcode.ping }), {
    rate: FRAME_RATE,
    count: 20_000,
  }),
  same("pong", frame("", { opcode: Opcode.pong }), { rate: FRAME_RATE, count: 20_000 }),
  same("empty fragment", frame("", { opcode: Opcode.continuation, fin: false }), {
    setup: [begun],
    rate: FRAME_RATE,
    count: 20_000,
  }),
  // Fewer than make a message that is too long.
  same("fragment of one byte", frame("x", { opcode: Opcode.continuation, fin: false }), {
    setup: [begun],
    rate: FRAME_RATE,
    count: 3600,
  }),
  // Last: what thousands of connections leave in the attackers' process would delay other rows.
  {
    name: "handshake with 900 names that are refused",
    handshake: `/public?stream=${Array.from({ length: 900 }, (_, at) => `a.b.${at}`).join(",")}`,
    setup: [],
    messages: [ping],
    // No limit says so: there may be as many handshakes as the machine bears.
    rate: 1,
    count: 500,
  },
];
