import assert from "node:assert/strict";
import { StateTurns } from "../../src/hub/state_turns.ts";
import { until } from "../../testing/bounded.ts";

Deno.test("clients that used little of their budget are resumed before those that used much", async () => {
  const resumed: string[] = [];
  const turns = new StateTurns<string>((client) => resumed.push(client));
  turns.charge(4_000_000);
  turns.wait("spent it twice", 2);
  turns.wait("used half", 0.5);
  turns.wait("new", 0);
  turns.wait("left", 0);
  turns.wait("used half as well", 0.5);
  turns.remove("left");
  await until(() => resumed.length === 4 || undefined, "all that stayed to be resumed");
  assert.deepEqual(resumed, ["new", "used half", "used half as well", "spent it twice"]);
});

Deno.test("a client that used all of its budget is resumed however many others come", async () => {
  const resumed: string[] = [];
  const turns = new StateTurns<string>((client) => {
    turns.charge(2_000_000);
    resumed.push(client);
    if (client === "new" && !resumed.includes("spent") && resumed.length < 100) {
      turns.wait("new", 0);
    }
  });
  turns.wait("spent", 1);
  turns.wait("new", 0);
  await until(() => resumed.includes("spent") && resumed.at(-1) === "new" || undefined, "both");
  assert.ok(resumed.indexOf("spent") < 10, `after ${resumed.indexOf("spent")} others`);
});
