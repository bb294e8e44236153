import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameChain } from "../../src/delivery/frame_chain.ts";

/** Frames that differ in content and length. */
function frames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(index % 7 + 1).fill(index));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("a chain joins its frames in the order they were added", () => {
  const all = frames(100);
  let chain = FrameChain.root();
  for (const frame of all) chain = chain.with(frame);
  assert.deepEqual(new Uint8Array(chain.join()), concatenated(all));
  assert.equal(chain.bytes, concatenated(all).length);
  assert.equal(chain.frames, 100);
});

Deno.test("outboxes with the same frames pending hold the same chain, joined once", () => {
  const root = FrameChain.root();
  const all = frames(3);
  const [one, two] = [1, 2].map(() => all.reduce((chain, frame) => chain.with(frame), root));
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

Deno.test("a chain that was joined can grow, and what was joined stays as it was", () => {
  const [first, second] = frames(2) as [Uint8Array, Uint8Array];
  const chain = FrameChain.root().with(first);
  const before = chain.join().slice();
  assert.deepEqual(
    new Uint8Array(chain.with(second).join()),
    concatenated([first, second]),
  );
  assert.deepEqual(new Uint8Array(chain.join()), new Uint8Array(before));
});

Deno.test("an empty chain joins to nothing", () => {
  assert.equal(FrameChain.root().join().length, 0);
});

Deno.test("a short frame weighs the memory that it takes, a long one its bytes", () => {
  const root = FrameChain.root();
  const short = root.with(new Uint8Array(2));
  assert.equal(short.bytes, 2);
  assert.ok(short.weight > 64, `weighs ${short.weight}`);
  assert.equal(short.with(new Uint8Array(5000)).weight, short.weight + 5000);
});

Deno.test("connections with different frames pending never see each other's", () => {
  const pool = frames(5);
  // Each step gives one of four outboxes one of five frames, or writes what it has pending.
  const step = fc.record({
    outbox: fc.nat(3),
    frame: fc.option(fc.nat(pool.length - 1), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const root = FrameChain.root();
      const chains = [root, root, root, root];
      const expected: Uint8Array[][] = [[], [], [], []];
      for (const { outbox, frame } of steps) {
        if (frame !== undefined) {
          chains[outbox] = chains[outbox]!.with(pool[frame]!);
          expected[outbox]!.push(pool[frame]!);
          continue;
        }
        assert.deepEqual(new Uint8Array(chains[outbox]!.join()), concatenated(expected[outbox]!));
        chains[outbox] = root;
        expected[outbox] = [];
      }
      chains.forEach((chain, index) => {
        assert.deepEqual(new Uint8Array(chain.join()), concatenated(expected[index]!));
      });
    }),
    { numRuns: 2000 },
  );
});
