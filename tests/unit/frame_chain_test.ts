import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameChain } from "../../src/delivery/frame_chain.ts";

/** Frames told apart by content and length. */
function frames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(index % 7 + 1).fill(index));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("a batch joins its frames in the order they were added", () => {
  const all = frames(100);
  let batch = FrameChain.root();
  for (const frame of all) batch = batch.with(frame);
  assert.deepEqual(new Uint8Array(batch.join()), concatenated(all));
  assert.equal(batch.bytes, concatenated(all).length);
});

Deno.test("whoever is owed the same frames holds the same batch, joined once", () => {
  const root = FrameChain.root();
  const all = frames(3);
  const [one, two] = [1, 2].map(() => all.reduce((batch, frame) => batch.with(frame), root));
  assert.equal(one, two);
  assert.equal(one!.join(), two!.join());
});

Deno.test("a single frame is written as it is, without a copy", () => {
  const frame = new Uint8Array([1, 2, 3]);
  assert.equal(FrameChain.root().with(frame).join(), frame);
});

Deno.test("a frame of the same content is not the same frame", () => {
  const root = FrameChain.root();
  const [one, two] = [root.with(new Uint8Array([1])), root.with(new Uint8Array([1]))];
  assert.notEqual(one, two);
});

Deno.test("a batch that was joined goes on, and what was joined stays as it was", () => {
  const [first, second] = frames(2) as [Uint8Array, Uint8Array];
  const batch = FrameChain.root().with(first);
  const before = batch.join().slice();
  assert.deepEqual(
    new Uint8Array(batch.with(second).join()),
    concatenated([first, second]),
  );
  assert.deepEqual(new Uint8Array(batch.join()), new Uint8Array(before));
});

Deno.test("an empty batch joins to nothing", () => {
  assert.equal(FrameChain.root().join().length, 0);
});

Deno.test("a short frame weighs what holding it takes, a long one its bytes", () => {
  const root = FrameChain.root();
  const short = root.with(new Uint8Array(2));
  assert.equal(short.bytes, 2);
  assert.ok(short.weight > 64, `weighs ${short.weight}`);
  assert.equal(short.with(new Uint8Array(5000)).weight, short.weight + 5000);
});

Deno.test("connections that are owed different frames never see each other's", () => {
  const pool = frames(5);
  // Each step owes one of four connections one of five frames, or writes what it is owed.
  const step = fc.record({
    connection: fc.nat(3),
    frame: fc.option(fc.nat(pool.length - 1), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const root = FrameChain.root();
      const batches = [root, root, root, root];
      const owed: Uint8Array[][] = [[], [], [], []];
      for (const { connection, frame } of steps) {
        if (frame !== undefined) {
          batches[connection] = batches[connection]!.with(pool[frame]!);
          owed[connection]!.push(pool[frame]!);
          continue;
        }
        assert.deepEqual(
          new Uint8Array(batches[connection]!.join()),
          concatenated(owed[connection]!),
        );
        batches[connection] = root;
        owed[connection] = [];
      }
      batches.forEach((batch, index) => {
        assert.deepEqual(new Uint8Array(batch.join()), concatenated(owed[index]!));
      });
    }),
    { numRuns: 2000 },
  );
});
