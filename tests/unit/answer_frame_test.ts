import assert from "node:assert/strict";
import fc from "fast-check";
import { answerFrame, answerFrames, textFrame } from "../../src/websocket/frame.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: fc.constantFrom("a", "\ud800", "\udc00", "\u20ac"), maxLength: 200 }),
  fc.integer({ min: 0, max: 70_000 }).map((length) => "x".repeat(length)),
);

Deno.test("an answer from the pool has the same bytes as any other text frame", () => {
  fc.assert(fc.property(text, (text) => {
    assert.deepEqual(new Uint8Array(answerFrame(text)), new Uint8Array(textFrame(text)));
  }));
});

Deno.test("answers in one buffer have the same bytes as their text frames in a row", () => {
  const ascii = fc.string({ unit: "grapheme-ascii", maxLength: 300 });
  const texts = fc.oneof(fc.array(ascii, { maxLength: 20 }), fc.array(text, { maxLength: 5 }));
  fc.assert(fc.property(texts, (texts) => {
    assert.deepEqual(
      new Uint8Array(answerFrames(texts)),
      new Uint8Array(Buffer.concat(texts.map(textFrame))),
    );
  }));
});
