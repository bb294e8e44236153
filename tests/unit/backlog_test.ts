import fc from "fast-check";
import assert from "node:assert/strict";
import { Backlog } from "../../src/delivery/backlog.ts";
import { BacklogQueue } from "../../src/delivery/backlog_queue.ts";
import { FrameChain } from "../../src/delivery/frame_chain.ts";
import { LogEntry } from "../../src/delivery/log_entry.ts";

const READER = { checkBacklog() {} };

function backlog(blockedBytes: number): Backlog {
  return new Backlog(READER, FrameChain.root(), blockedBytes, 0);
}

Deno.test("the backlog for which most waits is in front, whatever is added, changes and leaves", () => {
  const step = fc.record({
    does: fc.constantFrom(
      ...["append", "add", "add", "add", "own", "remove"] as const,
    ),
    which: fc.nat(),
    bytes: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 150 }), (steps) => {
      const queue = new BacklogQueue();
      const all: Backlog[] = [];
      let last = LogEntry.start();
      for (const { does, which, bytes } of steps) {
        const one = all[which % all.length];
        if (does === "append") last = last.append(new Uint8Array(bytes));
        else if (does === "add" || one === undefined) {
          const added = backlog(bytes);
          added.enter(last);
          all.push(added);
          queue.add(added);
        } else if (does === "own") {
          one.append(new Uint8Array(bytes), 0, last);
          queue.update(one);
        } else {
          queue.remove(one);
          all.splice(all.indexOf(one), 1);
        }
        assert.equal(queue.size, all.length);
        const most = Math.max(...all.map((each) => each.waitingAt(last)));
        if (all.length > 0) assert.equal(queue.first!.waitingAt(last), most);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("what is taken no longer waits, nor counts, whether it was offered or not", () => {
  const one = backlog(0);
  let last = LogEntry.start();
  one.enter(last);
  for (let count = 0; count < 3; count++) {
    one.append(new Uint8Array(1), 0, last);
    one.append(new Uint8Array(500), 500, last);
    last = last.append(new Uint8Array(300));
  }
  assert.equal(one.bytesAt(last), 3 * 801);
  assert.equal(one.offeredBytes, 1500);
  assert.equal(one.waitingAt(last), 3 * (300 + 128), "a short frame counts as its memory");
  const piece = one.take(last)!;
  assert.deepEqual([piece.frames, piece.bytes.length, piece.offeredBytes], [9, 3 * 801, 1500]);
  assert.equal(one.bytesAt(last), 0);
  assert.equal(one.waitingAt(last), 0);
  one.block(piece);
  assert.equal(one.offeredBytes, 1500);
  assert.equal(one.waitingAt(last), 3 * 801 - 1500);
  one.unblock();
  assert.equal(one.waitingAt(last), 0);
  assert.equal(one.take(last), undefined);
});

Deno.test("a log that was left is not held: what waited is a copy", () => {
  const one = backlog(0);
  const start = LogEntry.start();
  one.enter(start);
  const frame = new Uint8Array([1, 2]);
  const last = start.append(frame).append(frame);
  one.leave(last);
  last.append(new Uint8Array(9));
  frame[0] = 7;
  assert.deepEqual([...one.take(undefined)!.bytes], [1, 2, 1, 2]);
});

Deno.test("a frame that waits does not hold the larger buffer that it is cut from", () => {
  const shared = new Uint8Array(65_536).fill(7);
  const one = backlog(0);
  one.append(shared.subarray(100, 400), 0, undefined);
  const { bytes } = one.take(undefined)!;
  assert.deepEqual([...bytes], Array.from({ length: 300 }, () => 7));
  assert.equal(bytes.buffer.byteLength, 300);
  const whole = new Uint8Array(300);
  one.append(whole, 0, undefined);
  assert.equal(one.take(undefined)!.bytes, whole, "one that holds nothing else is not copied");
});
