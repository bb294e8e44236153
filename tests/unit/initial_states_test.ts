import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { StateBudget } from "../../src/hub/state_budget.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { until } from "../../testing/bounded.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { sourceEvent } from "../support/source_event.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";

const encoder = new TextEncoder();

function hubWith(levels: number, budget?: StateBudget) {
  const hub = new Hub({
    registry: peatioRegistry,
    flusher: new Flusher(),
    mode: "open",
    ...HUB_LIMITS,
    ...(budget ? { budget } : {}),
  });
  const publish = (event: string, payload: unknown) =>
    hub.deliver(
      sourceEvent(`public.usdbtc.${event}`, encoder.encode(JSON.stringify(payload))),
    );
  const asks = Array.from({ length: levels }, (_, at) => [`${100_000 + at}.25`, "1.1234567"]);
  publish("ob-snap", { asks, bids: [], sequence: 1 });
  const join = () => {
    const subscriber = recordingSubscriber("object");
    hub.subscribe(subscriber, ["usdbtc.ob-inc"]);
    hub.start(subscriber, ["usdbtc.ob-inc"]);
    return subscriber;
  };
  return { hub, publish, join };
}

Deno.test("states that many ask for at once are sent a megabyte at a time, each state as of then", async () => {
  const { hub, publish, join } = hubWith(9_000);
  const subscribers = Array.from({ length: 100 }, join);
  const begun = () => subscribers.filter(({ frames }) => frames.length > 0);
  const first = new Set(begun());
  assert.ok(first.size >= 4 && first.size < 60, `${first.size} began at once`);
  // Half of the waiting clients leave; the others are sent everything.
  const left = new Set(subscribers.filter((one, at) => !first.has(one) && at % 2 === 0));
  for (const subscriber of left) hub.remove(subscriber);
  publish("ob-inc", { asks: ["1.0", "2"], sequence: 2 });
  await until(() => begun().length === 100 - left.size || undefined, "all others to begin");
  publish("ob-inc", { asks: ["1.0", "3"], sequence: 3 });
  for (const subscriber of subscribers) {
    const sequences = subscriber.frames.map((frame) =>
      Number(/"sequence":(\d+)\}\}$/.exec(new TextDecoder().decode(frame))![1])
    );
    const expected = left.has(subscriber) ? [] : first.has(subscriber) ? [1, 2, 3] : [2, 3];
    assert.deepEqual(sequences, expected);
  }
});

Deno.test("a budget is refilled at its rate, up to its burst, and changes while it is used", () => {
  let now = 1000;
  const hit = new LabelledCounter();
  const limits = { stateRate: 1000, stateBurst: 5000 };
  const budget = new StateBudget(limits, hit, () => now);
  const holder = { budgetFullAt: 0 };
  budget.charge(holder, 4999);
  assert.ok(!budget.isSpent(holder));
  // As long as something is left, a state of any size may be sent.
  budget.charge(holder, 3001);
  assert.ok(budget.isSpent(holder));
  assert.equal(budget.delay(holder), 3000);
  assert.equal(hit.of("state_rate"), 1);
  now += 2900;
  assert.ok(budget.isSpent(holder));
  assert.equal(budget.delay(holder), 250, "not for each small state");
  now += 100;
  assert.ok(!budget.isSpent(holder));
  now += 100_000;
  budget.charge(holder, 5001);
  assert.ok(budget.isSpent(holder), "no more than the burst is saved");
  limits.stateRate = 0;
  assert.ok(!budget.isSpent(holder));
});
