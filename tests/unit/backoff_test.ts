import assert from "node:assert/strict";
import { backoff } from "../../src/source/amqp/backoff.ts";

Deno.test("attempts come half a second apart at first and five at last, never all at once", () => {
  const longest = Array.from({ length: 8 }, (_, attempt) => backoff(attempt, 0));
  assert.deepEqual(longest, [500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  const shortest = longest.map((_, attempt) => backoff(attempt, 1));
  assert.deepEqual(shortest, longest.map((milliseconds) => milliseconds / 2));
  const drawn = new Set(Array.from({ length: 100 }, () => backoff(4)));
  assert.ok(drawn.size > 50);
  assert.equal(backoff(5000, 0), 5000, "after hours as well");
});
