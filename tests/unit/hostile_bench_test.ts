/** What the benchmark of hostile clients reckons with: its clock, its percentiles, its bystander. */
import assert from "node:assert/strict";
import { Follower } from "../../bench/hostile/follower.ts";
import { Laps } from "../../bench/hostile/laps.ts";
import { latencies, p99 } from "../../bench/hostile/latencies.ts";
import { tooLow } from "../../bench/hostile/machine_limits.ts";

/** Sends all that is due at each of the times; returns messages by connection, and writes. */
function sendAt(laps: Laps, connections: number, times: Iterable<number>) {
  const messages = Array<number>(connections).fill(0);
  let writes = 0;
  let most = 0;
  for (const now of times) {
    for (; laps.due <= now; laps.advance(now)) {
      messages[laps.connection]! += laps.messages;
      most = Math.max(most, laps.messages);
      writes++;
    }
  }
  return { messages, writes, most };
}

function* every(step: number, until: number): Iterable<number> {
  for (let now = 0; now < until; now += step) yield now;
}

Deno.test("connections that are in time send their rate, one message a write", () => {
  const { messages, writes, most } = sendAt(new Laps(200, 19), 200, every(1, 10_000));
  for (const sent of messages) assert.ok(sent === 190 || sent === 189, `${sent}`);
  assert.equal(most, 1);
  assert.equal(writes, messages.reduce((a, b) => a + b));
});

Deno.test("connections that are late send as much with fewer writes", () => {
  const { messages, most } = sendAt(new Laps(200, 190), 200, every(50, 10_001));
  for (const sent of messages) assert.ok(sent > 1880 && sent <= 1901, `${sent}`);
  assert.ok(most >= 9 && most <= 10, `${most}`);
});

Deno.test("what is later than half a second is not made up for", () => {
  const { messages, most } = sendAt(new Laps(10, 19), 10, [0, 60, 3_000, 3_060, 3_120]);
  assert.equal(most, 9);
  for (const sent of messages) assert.ok(sent <= 13, `${sent}`);
});

Deno.test("rare messages are sent by all connections within 50 milliseconds", () => {
  const laps = new Laps(1000, 1);
  const first = sendAt(laps, 1000, every(1, 51));
  assert.ok(first.messages.every((sent) => sent === 1));
  assert.equal(sendAt(laps, 1000, every(1, 1_000)).writes, 0);
});

Deno.test("a p99 of fewer than 300 samples is not called one", () => {
  const few = latencies(Array.from({ length: 299 }, (_, at) => at));
  assert.equal(p99(few), "max of 299: 298");
  const enough = latencies(Array.from({ length: 1000 }, (_, at) => 999 - at));
  assert.deepEqual(enough, { samples: 1000, p50: 500, p99: 990, max: 999 });
  assert.equal(p99(enough), "990");
  assert.equal(p99(latencies([])), "no sample");
});

Deno.test("limits that are too low are named with what to set", () => {
  const enough = { openFiles: 20_000, queue: 16_384, ports: 28_232 };
  assert.deepEqual(tooLow(10_000, enough), []);
  const found = tooLow(10_000, { openFiles: 1024, queue: 4096, ports: 5000 }).join("\n");
  assert.match(found, /ulimit -n 10500/);
  assert.match(found, /net\.core\.somaxconn=16384/);
  assert.match(found, /ip_local_port_range/);
});

Deno.test("a follower counts events that are missing or out of turn", () => {
  using follower = new Follower();
  const take = (stream: string, payload: unknown) =>
    follower.take(JSON.stringify({ [`bystander.${stream}`]: payload }));
  take("ob-snap", { asks: [["2.0", "1.0"]], bids: [], sequence: 5 });
  take("ob-inc", { asks: ["2.0", ""], sequence: 6 });
  take("trades", { n: 1, trades: [] });
  take("trades", { n: 2, trades: [] });
  assert.equal(follower.gaps, 0);
  take("ob-inc", { asks: ["2.1", "1.0"], sequence: 8 });
  assert.equal(follower.gaps, 1);
  take("ob-inc", { asks: ["2.1", ""], sequence: 9 });
  assert.equal(follower.gaps, 1);
  take("trades", { n: 4, trades: [] });
  take("trades", { n: 3, trades: [] });
  assert.equal(follower.gaps, 3);
});
