import assert from "node:assert/strict";
import { takeReadBudget } from "../../src/websocket/read_budget.ts";
import { bounded } from "../../testing/bounded.ts";

/** More than all clients may send in a turn before some of them pause. */
const MUCH = 70_000;

function reader() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { readTurn: 0, continueReading: resolve, continued: promise };
}

Deno.test("a client that goes on sending pauses until the next turn, others do not", async () => {
  const [one, other] = [reader(), reader()];
  assert.ok(takeReadBudget(MUCH, one), "its first read");
  assert.ok(takeReadBudget(10, other), "the other's first read");
  assert.ok(!takeReadBudget(10, one), "a second read");
  assert.ok(!takeReadBudget(10, other), "a second read of the other");
  await bounded(one.continued, "the next turn");
  await bounded(other.continued, "the next turn");
  assert.ok(takeReadBudget(10, one));
  assert.ok(takeReadBudget(10, one), "the budget is there again");
  assert.ok(!takeReadBudget(MUCH, one));
  assert.ok(takeReadBudget(10, other), "its first read in this turn");
});
