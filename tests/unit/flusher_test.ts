import assert from "node:assert/strict";
import type { Flushable } from "../../src/delivery/flush_queue.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { bounded } from "../../testing/bounded.ts";

/** Flushes, and resolves when the last of them was called. */
function flushables(names: readonly string[]): {
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

Deno.test("what is urgent is flushed first, everything else in the order it was scheduled", async () => {
  const flusher = new Flusher();
  const { order, all: [a, b, urgent], done } = flushables(["a", "b", "urgent"]);
  flusher.scheduleUrgent(urgent!);
  flusher.schedule(a!);
  flusher.schedule(b!);
  assert.deepEqual(order, [], "not before the end of this turn");
  await done;
  assert.deepEqual(order, ["urgent", "a", "b"]);
});

Deno.test("the latency of a turn counts from the publication of its first event", async () => {
  const flusher = new Flusher();
  const { all: [answer, first, second], done } = flushables(["answer", "first", "second"]);
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
  const { all: [pong], done } = flushables(["pong"]);
  flusher.schedule(pong!);
  await done;
  assert.equal(flusher.latencies.count, 0);
  assert.equal(flusher.durations.count, 1);
});

Deno.test("an event that was flushed before its time counts no latency of its own", async () => {
  const flusher = new Flusher();
  const { all: [one], done } = flushables(["one"]);
  flusher.schedule({ size: 1, flush: () => 0 }, 40_000);
  flusher.schedule(one!, 1_000);
  await done;
  assert.ok(flusher.latencies.sum < 10, `${flusher.latencies.sum} seconds`);
});
