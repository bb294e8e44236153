import assert from "node:assert/strict";
import fc from "fast-check";
import { answerFrame, textFrame } from "../../src/websocket/frame.ts";

Deno.test("an answer from the pool has the same bytes as any other text frame", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom("a", "\ud800", "\udc00", "\u20ac"), maxLength: 200 }),
    fc.integer({ min: 0, max: 70_000 }).map((length) => "x".repeat(length)),
  );
  fc.assert(fc.property(text, (text) => {
    assert.deepEqual(new Uint8Array(answerFrame(text)), new Uint8Array(textFrame(text)));
  }));
});
