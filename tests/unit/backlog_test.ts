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

/** A log of frames of 100 bytes, and backlogs that begin at different places in it. */
function behindInOneLog(count: number): { backlogs: Backlog[]; last: LogEntry } {
  let last = LogEntry.start();
  const backlogs: Backlog[] = [];
  for (let frame = 0; frame < 3000; frame++) {
    if (frame < 20 * count && frame % 20 === 0) {
      const one = backlog(0);
      one.enter(last);
      backlogs.push(one);
    }
    last = last.append(new Uint8Array(100).fill(frame));
  }
  return { backlogs, last };
}

/** Everything that waits, and the buffers of about 64 KiB that it comes in. */
function takeAll(one: Backlog, last: LogEntry | undefined, long: Set<Uint8Array>): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let piece; (piece = one.take(last));) pieces.push(piece.bytes);
  for (const bytes of pieces) if (bytes.length >= 65_000) long.add(bytes);
  return Buffer.concat(pieces);
}

Deno.test("backlogs of different positions are written the same buffers", () => {
  const { backlogs, last } = behindInOneLog(60);
  const long = new Set<Uint8Array>();
  // From both ends by turns: of those that begin within a piece, and of those that need all of it.
  for (let turn = 0; turn < backlogs.length; turn++) {
    const at = turn % 2 === 0 ? turn / 2 : backlogs.length - (turn + 1) / 2;
    const bytes = takeAll(backlogs[at]!, last, long);
    assert.equal(bytes.length, 300_000 - at * 2000);
    for (let frame = 0; frame < bytes.length / 100; frame += 97) {
      assert.equal(bytes[frame * 100], (20 * at + frame) & 0xff);
    }
  }
  // Four whole pieces, and what is nearly as long before the first boundary.
  assert.ok(long.size <= 6, `${long.size} buffers`);
});

Deno.test("backlogs that leave a log with what waits share the copies of it", () => {
  const { backlogs, last } = behindInOneLog(60);
  for (const one of backlogs) one.leave(last);
  const long = new Set<Uint8Array>();
  for (const [at, one] of backlogs.entries()) {
    assert.equal(one.bytesAt(undefined), 300_000 - at * 2000);
    assert.equal(takeAll(one, undefined, long).length, 300_000 - at * 2000);
  }
  assert.ok(long.size <= 6, `${long.size} buffers`);
});
