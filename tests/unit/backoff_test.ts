import assert from "node:assert/strict";
import { backoff } from "../../src/source/amqp/backoff.ts";

Deno.test("the first attempt comes at once, the next ones after 100 ms doubling to a second", () => {
  const longest = Array.from({ length: 8 }, (_, round) => backoff(round, 1_000 * round, 0));
  assert.deepEqual(longest, [0, 100, 200, 400, 800, 1000, 1000, 1000]);
  const shortest = longest.map((_, round) => backoff(round, 1_000 * round, 1));
  assert.deepEqual(shortest, longest.map((milliseconds) => milliseconds / 2));
});

Deno.test("after a minute of outage attempts come every five seconds, however many there were", () => {
  assert.equal(backoff(60, 59_999, 0), 1000);
  assert.equal(backoff(60, 60_000, 0), 5000);
  assert.equal(backoff(7, 3_600_000, 0), 5000, "attempts that each took ten seconds");
  assert.equal(backoff(5000, 3_600_000, 0), 5000);
});

Deno.test("instances that lost the broker together do not come back at the same moment", () => {
  const drawn = new Set(Array.from({ length: 100 }, () => backoff(4, 0)));
  assert.ok(drawn.size > 50);
});
