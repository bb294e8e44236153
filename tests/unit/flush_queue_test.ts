import assert from "node:assert/strict";
import { FlushQueue } from "../../src/delivery/flush_queue.ts";

/** Something to flush, with that many connections in it. */
const flushable = (size: number) => ({ size, flush: () => size });

Deno.test("what was scheduled first is taken first, and only when its time has come", () => {
  const queue = new FlushQueue();
  const [first, second] = [flushable(3), flushable(1)];
  assert.equal(queue.firstTime, undefined);
  queue.enqueue(first, 10, 2);
  queue.enqueue(second, 20, undefined);
  assert.equal(queue.firstTime, 10);
  assert.equal(queue.connections, 4);
  assert.equal(queue.takeUntil(9), undefined);
  assert.deepEqual(queue.takeUntil(10), { flushable: first, size: 3, time: 10, age: 2 });
  assert.equal(queue.connections, 1);
  assert.equal(queue.takeUntil(19), undefined);
  assert.equal(queue.takeUntil(Infinity)?.flushable, second);
  assert.equal(queue.takeUntil(Infinity), undefined);
  assert.equal(queue.connections, 0);
});

Deno.test("the number of connections is what it was when they were scheduled", () => {
  const queue = new FlushQueue();
  const shrinking = flushable(5);
  queue.enqueue(shrinking, 1, undefined);
  shrinking.size = 2;
  queue.takeUntil(1);
  assert.equal(queue.connections, 0);
});

Deno.test("the order holds over thousands that are added while others are taken", () => {
  const queue = new FlushQueue();
  let added = 0;
  let taken = 0;
  for (let round = 0; round < 200; round++) {
    for (let count = 0; count < 40; count++) queue.enqueue(flushable(1), added++, undefined);
    for (let count = 0; count < 35; count++) assert.equal(queue.takeUntil(Infinity)!.time, taken++);
  }
  assert.equal(queue.connections, added - taken);
  while (taken < added) assert.equal(queue.takeUntil(Infinity)!.time, taken++);
  assert.equal(queue.firstTime, undefined);
});
