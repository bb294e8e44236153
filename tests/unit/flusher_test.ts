import assert from "node:assert/strict";
import type { Flushable } from "../../src/delivery/flush_queue.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { bounded } from "../../testing/bounded.ts";

/** Flushes, and resolves when the last of them was called. */
function tasks(names: readonly string[]): {
  order: string[];
  all: Flushable[];
  done: Promise<void>;
} {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = names.map((name) => ({
    size: 1,
    flush() {
      order.push(name);
      // Behind the end of the flusher's turn, which records what was written.
      if (order.length === names.length) setTimeout(resolve);
      return 1;
    },
  }));
  return { order, all, done: bounded(promise, "all flushes") };
}

Deno.test("what is scheduled is flushed in its order, after the end of this turn", async () => {
  const flusher = new Flusher();
  const names = Array.from({ length: 200 }, (_, at) => `${at}`);
  const { order, all, done } = tasks(names);
  for (const one of all) flusher.schedule(one);
  assert.deepEqual(order, []);
  await done;
  assert.deepEqual(order, names);
});

Deno.test("an urgent flush waits for one turn of the others at most, however many are due", async () => {
  const flusher = new Flusher();
  const names = Array.from({ length: 1000 }, (_, at) => `${at}`);
  const { order, all, done } = tasks([...names, "urgent"]);
  const urgent = all.pop()!;
  for (const one of all) flusher.schedule(one);
  flusher.scheduleUrgent(urgent);
  await done;
  assert.ok(order.indexOf("urgent") < 100, `${order.indexOf("urgent")} were flushed before it`);
});

Deno.test("the latency of a turn counts from the publication of its first event", async () => {
  const flusher = new Flusher();
  const { all: [answer, first, second], done } = tasks(["answer", "first", "second"]);
  flusher.schedule(answer!);
  flusher.schedule(first!, 40_000);
  flusher.schedule(second!, 5_000);
  await done;
  assert.equal(flusher.latencies.count, 1);
  const { sum } = flusher.latencies;
  assert.ok(sum >= 40 && sum < 50, `${sum} seconds`);
});

Deno.test("a turn without an event has no latency", async () => {
  const flusher = new Flusher();
  const { all: [pong], done } = tasks(["pong"]);
  flusher.schedule(pong!);
  await done;
  assert.equal(flusher.latencies.count, 0);
  assert.equal(flusher.durations.count, 1);
});

Deno.test("an event that was flushed before its time counts no latency", async () => {
  const flusher = new Flusher();
  const { all: [one], done } = tasks(["one"]);
  flusher.schedule({ size: 1, flush: () => 0 }, 40_000);
  flusher.schedule(one!, 1_000);
  await done;
  assert.ok(flusher.latencies.sum < 10, `${flusher.latencies.sum} seconds`);
});
