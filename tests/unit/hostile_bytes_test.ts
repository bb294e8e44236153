import assert from "node:assert/strict";
import fc from "fast-check";
import { constants, deflateRawSync } from "node:zlib";
import { ProtocolViolation } from "../../src/websocket/frame.ts";
import { Receiver } from "../../src/websocket/receiver.ts";
import { joined } from "../support/bytes.ts";
import { closePayload, encodeFrame } from "../../testing/frames.ts";
import { arbitraryDamage, damaged, fuzz } from "../support/fuzz.ts";
import { decodeAll, line, type Outcome, utf8 } from "../support/reference_decoder.ts";

const MAX_MESSAGE = 200;
const bytes = new TextEncoder();

/** What the receiver makes of pieces. Throws everything but a ProtocolViolation. */
function received(
  pieces: readonly Uint8Array[],
  maxMessage = MAX_MESSAGE,
  deflate = false,
  goesOn = true,
): Outcome {
  const events: string[] = [];
  const receiver = new Receiver(
    {
      goesOn,
      receivedText: (text) => events.push(line("text", bytes.encode(text))),
      receivedBinary: (payload) => events.push(line("binary", payload)),
      receivedPing: (payload) => events.push(line("ping", payload)),
      receivedPong: (payload) => events.push(line("pong", payload)),
      receivedClose: (code, reason) => events.push(line(`close ${code}`, bytes.encode(reason))),
    },
    maxMessage,
    deflate,
  );
  try {
    for (let piece of pieces) {
      while (piece.length > 0) piece = piece.subarray(receiver.push(piece));
    }
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    return { events, violation: error.closeCode };
  }
  return { events, violation: undefined };
}

/** Cuts bytes at the places that the numbers name, modulo the length. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

function agrees(bytes: Uint8Array, places: readonly number[]): void {
  const expected = decodeAll(bytes, MAX_MESSAGE);
  assert.deepEqual(received([bytes]), expected);
  assert.deepEqual(received(cutAt(bytes, places)), expected);
  // A frame at a time, and the rest again.
  assert.deepEqual(received(cutAt(bytes, places), MAX_MESSAGE, false, false), expected);
  if (bytes.length < 600) {
    assert.deepEqual(received([...bytes].map((byte) => new Uint8Array([byte]))), expected);
  }
}

const places = fc.array(fc.nat(4096), { maxLength: 8 });
const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });

/** Text, often beyond ASCII, and sometimes bytes that are none. */
const payload = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 140 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }) },
  { weight: 1, arbitrary: fc.constant("") },
);

const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 125 }),
  mask,
}).map(encodeFrame);

/** A message as a good client sends it: whole or in fragments, control frames between them. */
const message = fc.record({
  opcode: fc.constantFrom(1, 2),
  // At most four bytes a character: always within the limit.
  payload: fc.string({ unit: "binary", maxLength: 40 }).map((text) => bytes.encode(text)),
  places: fc.array(fc.nat(4096), { maxLength: 4 }),
  between: fc.array(control, { maxLength: 2 }),
  mask,
}).map(({ opcode, payload, places, between, mask }) => {
  const parts = cutAt(payload, places);
  return parts.flatMap((part, index) => [
    encodeFrame({
      opcode: index === 0 ? opcode : 0,
      fin: index === parts.length - 1,
      payload: part,
      mask,
    }),
    ...(index < parts.length - 1 ? between : []),
  ]);
});

const closing = fc.option(
  fc.record({
    code: fc.constantFrom(1000, 1001, 1011, 3000, 4999),
    reason: fc.string({ unit: "binary", maxLength: 30 }),
    mask,
  }),
).map((close) => {
  if (close === null) return [];
  return [
    encodeFrame({ opcode: 8, payload: closePayload(close.code, close.reason), mask: close.mask }),
  ];
});

const conversation = fc.record({
  messages: fc.array(fc.oneof(message, control.map((frame) => [frame])), { maxLength: 6 }),
  closing,
}).map(({ messages, closing }) => joined(...messages.flat(), ...closing));

/** Frames of any form, right and wrong, in any order. */
const anyFrame = fc.record({
  fin: fc.boolean(),
  rsv: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, fc.nat(7)),
  opcode: fc.oneof({ weight: 15, arbitrary: fc.constantFrom(0, 0, 1, 1, 2, 8, 9, 10) }, fc.nat(15)),
  payload,
  mask: fc.oneof({ weight: 15, arbitrary: mask }, fc.constant(false as const)),
  // A payload of 0 to 125 bytes may well say its length in more bits than it needs.
  lengthBits: fc.oneof(
    { weight: 15, arbitrary: fc.constant(undefined) },
    fc.constantFrom(16 as const, 64 as const),
  ),
}).map(({ lengthBits, ...frame }) => encodeFrame(lengthBits ? { ...frame, lengthBits } : frame));

Deno.test("random bytes are read as RFC 6455 has them, whole and in pieces", () => {
  fuzz(30_000, fc.property(fc.uint8Array({ maxLength: 40 }), places, agrees));
});

Deno.test("random bytes behind a good first byte are, too", () => {
  const first = fc.constantFrom(0x81, 0x82, 0x01, 0x02, 0x88, 0x89, 0x8a);
  const second = fc.integer({ min: 0x80, max: 0xff });
  const begun = fc.tuple(first, second, fc.uint8Array({ maxLength: 200 }))
    .map(([first, second, rest]) => new Uint8Array([first, second, ...rest]));
  fuzz(12_000, fc.property(begun, places, agrees));
});

Deno.test("frames of any form in any order are, too", () => {
  const frames = fc.array(anyFrame, { minLength: 1, maxLength: 8 }).map((all) => joined(...all));
  fuzz(6_000, fc.property(frames, places, agrees));
});

Deno.test("valid conversations cut anywhere come out as if they had not been cut", () => {
  let messages = 0;
  fuzz(
    5_000,
    fc.property(conversation, places, (bytes, places) => {
      const expected = decodeAll(bytes, MAX_MESSAGE);
      assert.equal(expected.violation, undefined);
      messages += expected.events.length;
      agrees(bytes, places);
    }),
  );
  assert.ok(messages > 10_000, `only ${messages} messages were compared`);
});

Deno.test("conversations with a byte changed, added, lost, or cut short are read rightly", () => {
  const changed = fc.tuple(conversation, arbitraryDamage)
    .map(([bytes, changes]) => damaged(bytes, changes).bytes);
  fuzz(6_000, fc.property(changed, places, agrees));
});

Deno.test("compressed messages, right and damaged, inflate to no more than a message may have", () => {
  const deflated = fc.record({
    opcode: fc.constantFrom(1, 2),
    payload: fc.oneof(
      payload.map((payload) => typeof payload === "string" ? bytes.encode(payload) : payload),
      fc.nat(20_000).map((length) => new Uint8Array(length)),
    ),
    changes: fc.option(arbitraryDamage, { nil: [], freq: 2 }),
    mask,
  });
  fuzz(
    5_000,
    fc.property(deflated, places, ({ opcode, payload, changes, mask }, places) => {
      const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
      const { bytes } = damaged(flushed.subarray(0, -4), changes);
      const frame = encodeFrame({ opcode, rsv: 4, payload: bytes, mask });
      const outcome = received([frame], MAX_MESSAGE, true);
      assert.deepEqual(received(cutAt(frame, places), MAX_MESSAGE, true), outcome);
      const [event] = outcome.events;
      if (event !== undefined) assert.ok(event.length <= "binary ".length + 2 * MAX_MESSAGE);
      if (changes.length > 0) return;
      if (payload.length > MAX_MESSAGE || bytes.length > MAX_MESSAGE) {
        assert.equal(outcome.violation, 1009);
      } else if (opcode === 1 && utf8([...payload]) !== "whole") {
        assert.equal(outcome.violation, 1007);
      } else {
        assert.equal(event, line(opcode === 1 ? "text" : "binary", payload));
      }
    }),
  );
});

Deno.test("bytes handed to the receiver may be overwritten afterwards", () => {
  const frames = joined(
    encodeFrame({ opcode: 2, payload: "abc", fin: false }),
    encodeFrame({ opcode: 9, payload: "ping" }),
    encodeFrame({ opcode: 0, payload: "def" }),
  );
  const chunk = new Uint8Array(3);
  const events: string[] = [];
  const receiver = new Receiver({
    goesOn: true,
    receivedText: () => {},
    receivedBinary: (payload) => events.push(line("binary", payload)),
    receivedPing: (payload) => events.push(line("ping", payload)),
    receivedPong: () => {},
    receivedClose: () => {},
  }, MAX_MESSAGE);
  for (let at = 0; at < frames.length; at += chunk.length) {
    const piece = frames.subarray(at, at + chunk.length);
    chunk.set(piece);
    receiver.push(chunk.subarray(0, piece.length));
    chunk.fill(0xee);
  }
  assert.deepEqual(events, ["ping 70696e67", "binary 616263646566"]);
});

/** Frames of one text, cut at these places; the last is the end of the text, unless it goes on. */
function fragments(
  text: Uint8Array,
  places: readonly number[],
  goesOn = false,
): Uint8Array[] {
  const parts = cutAt(text, places);
  return parts.map((payload, index) =>
    encodeFrame({
      opcode: index === 0 ? 1 : 0,
      fin: !goesOn && index === parts.length - 1,
      payload,
    })
  );
}

/** Two places at which a text can be cut, in order; between them may be nothing. */
function* pairsOfPlaces(length: number): Generator<[number, number]> {
  for (let one = 0; one <= length; one++) {
    for (let other = one; other <= length; other++) yield [one, other];
  }
}

const TEXTS = ["aé", "é", "€b", "a€€", "😀", "x😀y", "éa€b😀c", "\ufeffa", "\u0000\u07ff\uffff"];

Deno.test("a text cut within its characters, anywhere, is the text", () => {
  for (const text of TEXTS.map((text) => bytes.encode(text))) {
    const expected = { events: [line("text", text)], violation: undefined };
    for (const places of pairsOfPlaces(text.length)) {
      assert.deepEqual(received(fragments(text, places)), expected);
    }
    const everywhere = Array.from(text, (_, at) => at);
    assert.deepEqual(received(fragments(text, everywhere)), expected);
    // A ping within a character does not become part of it.
    const [first, ...others] = fragments(text, everywhere);
    const ping = encodeFrame({ opcode: 9, payload: "ping" });
    const { events } = received([first!, ...others.flatMap((frame) => [ping, frame])]);
    assert.equal(events.at(-1), expected.events[0]);
    // The next message begins as if nothing had been before.
    const two = [...fragments(text, everywhere), ...fragments(bytes.encode("ab"), [1])];
    assert.deepEqual(received(two).events, [...expected.events, line("text", bytes.encode("ab"))]);
  }
});

const NOT_TEXT: Readonly<Record<string, readonly number[]>> = {
  "a continuation alone": [0x61, 0x80, 0x61],
  "a character that is cut by another": [0x61, 0xe2, 0x82, 0x61, 0x62],
  "a character of four bytes that is cut by another": [0xf0, 0x9f, 0x98, 0x61],
  "two first bytes": [0xc3, 0xc3, 0xa9],
  "a spelling that is too long": [0x61, 0xe0, 0x80, 0x80],
  "half of a surrogate pair": [0x61, 0xed, 0xa0, 0x80],
  "beyond Unicode": [0xf4, 0x90, 0x80, 0x80],
  "a byte that never is": [0x61, 0x61, 0xff],
};

/** The first frame at which a text can be no text any more; undefined while it can. */
function failsAt(parts: readonly Uint8Array[], goesOn: boolean): number | undefined {
  for (let count = 1; count <= parts.length; count++) {
    const what = utf8([...joined(...parts.slice(0, count))]);
    if (what === "invalid") return count - 1;
    if (what === "cut" && count === parts.length && !goesOn) return count - 1;
  }
  return undefined;
}

/** The frame at which the receiver fails. */
function failedAt(frames: readonly Uint8Array[]): number | undefined {
  for (let count = 1; count <= frames.length; count++) {
    const { violation } = received(frames.slice(0, count));
    if (violation === undefined) continue;
    assert.equal(violation, 1007);
    return count - 1;
  }
  return undefined;
}

Deno.test("a text in fragments fails with the first of them after which it can be none", () => {
  const cases = {
    ...NOT_TEXT,
    ...Object.fromEntries(TEXTS.map((text) => [text, [...bytes.encode(text)]])),
  };
  let failures = 0;
  for (const [name, values] of Object.entries(cases)) {
    const text = new Uint8Array(values);
    const everywhere = Array.from(text, (_, at) => at);
    for (const places of [...pairsOfPlaces(text.length), everywhere]) {
      for (const goesOn of [false, true]) {
        const expected = failsAt(cutAt(text, places), goesOn);
        const actual = failedAt(fragments(text, places, goesOn));
        assert.equal(actual, expected, `${name} cut at ${places}, ${goesOn ? "goes on" : "ends"}`);
        if (expected !== undefined) failures++;
      }
    }
  }
  assert.ok(failures > 200, `${failures} failed`);
});

Deno.test("a text that ends within a character fails, also where its last fragment is empty", () => {
  for (const cut of [[0xc3], [0x61, 0xe2, 0x82], [0xf0, 0x9f, 0x98]]) {
    const text = new Uint8Array(cut);
    for (const places of [[], [text.length], [0, text.length], [1, text.length, text.length]]) {
      const frames = fragments(text, places);
      assert.equal(failedAt(frames), frames.length - 1, `cut at ${places}`);
      assert.equal(failedAt(fragments(text, places, true)), undefined, "it may go on");
    }
  }
});
