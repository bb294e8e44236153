import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";

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
  hub.deliver("public.usdbtc.trades", encoder.encode("{}"));
  assert.equal(subscriber.frames.length, 0);
  hub.start(subscriber, names);
  hub.deliver("public.usdbtc.trades", encoder.encode("{}"));
  assert.equal(subscriber.frames.length, 1);
  assert.equal(hub.sizes.subscriptions, 2);
});

Deno.test("a subscriber that is removed before its subscription starts is subscribed to nothing", () => {
  const hub = openHub();
  const subscriber = recordingSubscriber("object");
  const names = ["usdbtc", "usdbtc.trades", "usdbtc.ob-inc"];
  hub.deliver("public.usdbtc.ob-snap", encoder.encode('{"asks":[["1","1"]],"bids":[]}'));
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
    hub.deliver(`public.${id}.ob-snap`, encoder.encode('{"asks":[["1","1"]],"bids":[]}'));
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
