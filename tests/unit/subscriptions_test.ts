import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { StateBudget } from "../../src/hub/state_budget.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { until } from "../../testing/bounded.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";
import { sourceEvent } from "../support/source_event.ts";

const encoder = new TextEncoder();

function openHub(): Hub {
  const flusher = new Flusher();
  return new Hub({ registry: peatioRegistry, flusher, mode: "open", ...HUB_LIMITS });
}

Deno.test("events begin when a subscription starts, so that the answer comes before them", () => {
  const hub = openHub();
  const subscriber = recordingSubscriber("object");
  const names = ["usdbtc.trades", "usdbtc.ob-inc"];
  hub.subscribe(subscriber, names);
  assert.deepEqual([...subscriber.streams], names);
  hub.deliver(sourceEvent("public.usdbtc.trades", encoder.encode("{}")));
  assert.equal(subscriber.frames.length, 0);
  hub.start(subscriber, names);
  hub.deliver(sourceEvent("public.usdbtc.trades", encoder.encode("{}")));
  assert.equal(subscriber.frames.length, 1);
  assert.equal(hub.sizes.subscriptions, 2);
});

Deno.test("a subscriber that is removed before its subscription starts is subscribed to nothing", () => {
  const hub = openHub();
  const subscriber = recordingSubscriber("object");
  const names = ["usdbtc", "usdbtc.trades", "usdbtc.ob-inc"];
  hub.deliver(
    sourceEvent("public.usdbtc.ob-snap", encoder.encode('{"asks":[["1","1"]],"bids":[]}')),
  );
  hub.subscribe(subscriber, names);
  hub.remove(subscriber);
  hub.start(subscriber, names);
  assert.equal(subscriber.audience, undefined);
  assert.deepEqual([hub.sizes.streams, hub.sizes.subscriptions], [0, 0]);
});

Deno.test("while a state has no room, other states wait and plain streams do not", () => {
  const hub = openHub();
  const subscriber = recordingSubscriber("object");
  for (const id of ["usdbtc", "usdeth"]) {
    hub.deliver(
      sourceEvent(`public.${id}.ob-snap`, encoder.encode('{"asks":[["1","1"]],"bids":[]}')),
    );
  }
  const subscribe = (...names: string[]) => {
    hub.subscribe(subscriber, names);
    hub.start(subscriber, names);
  };
  Object.defineProperty(subscriber.outbox, "hasRoom", { value: false, configurable: true });
  subscribe("usdbtc.trades", "usdbtc.ob-inc");
  // The getter of the class is back: there is room, but an earlier state waits.
  Reflect.deleteProperty(subscriber.outbox, "hasRoom");
  subscribe("usdeth.ob-inc", "usdeth.trades");
  assert.deepEqual(subscriber.pending, ["usdbtc.ob-inc", "usdeth.ob-inc"]);
  assert.deepEqual([...subscriber.audience!.names], ["usdbtc.trades", "usdeth.trades"]);
  hub.unsubscribe(subscriber, ["usdbtc.ob-inc"]);
  assert.deepEqual(subscriber.pending, ["usdeth.ob-inc"]);
  hub.resume(subscriber);
  assert.equal(subscriber.pending, undefined);
  assert.deepEqual([...subscriber.audience!.names], [
    "usdbtc.trades",
    "usdeth.trades",
    "usdeth.ob-inc",
  ]);
  assert.equal(subscriber.frames.length, 1);
});

Deno.test("a budget that is refilled while a state is deferred does not leave it waiting", async () => {
  // Spent when the state is offered, and no longer a moment later.
  const times = [0, 0];
  const limits = { stateRate: 1000, stateBurst: 1 };
  const budget = new StateBudget(limits, new LabelledCounter(), () => times.shift() ?? 60_000);
  const flusher = new Flusher();
  const hub = new Hub({ registry: peatioRegistry, flusher, mode: "open", ...HUB_LIMITS, budget });
  const subscriber = recordingSubscriber("object");
  hub.deliver(
    sourceEvent("public.usdbtc.ob-snap", encoder.encode('{"asks":[["1","1"]],"bids":[]}')),
  );
  budget.charge(subscriber, 100);
  hub.subscribe(subscriber, ["usdbtc.ob-inc"]);
  hub.start(subscriber, ["usdbtc.ob-inc"]);
  await until(() => subscriber.frames.length > 0 || undefined, "the deferred state", 5_000);
  assert.equal(subscriber.pending, undefined);
  hub.remove(subscriber);
});

Deno.test("what was published before the start builds states, and reaches no subscriber of plain streams", () => {
  const hub = openHub();
  const subscriber = recordingSubscriber("object");
  const names = ["usdbtc.trades", "usdbtc.ob-inc", "order"];
  hub.identify(subscriber, "ID1");
  hub.subscribe(subscriber, names);
  hub.start(subscriber, names);
  const deliver = (routingKey: string, text: string, past: boolean) =>
    hub.deliver({ ...sourceEvent(routingKey, encoder.encode(text)), past });
  deliver("private.ID1.order", '{"id":1}', true);
  deliver("public.usdbtc.trades", '{"trades":[1]}', true);
  deliver("public.usdbtc.ob-snap", '{"asks":[["1","1"]],"bids":[],"sequence":1}', true);
  deliver("private.ID1.order", '{"id":2}', false);
  deliver("public.usdbtc.trades", '{"trades":[2]}', false);
  const received = subscriber.frames.map((frame) => new TextDecoder().decode(frame.subarray(2)));
  assert.deepEqual(received.toSorted(), [
    '{"order":{"id":2}}',
    '{"usdbtc.ob-snap":{"asks":[["1","1"]],"bids":[],"sequence":1}}',
    '{"usdbtc.trades":{"trades":[2]}}',
  ]);
});
