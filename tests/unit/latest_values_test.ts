import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { EventFollower } from "../support/event_follower.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { sourceEvent } from "../support/source_event.ts";

const encoder = new TextEncoder();

function hubOf(limits: Partial<typeof HUB_LIMITS> = {}): Hub {
  const flusher = new Flusher();
  return new Hub({ registry: peatioRegistry, flusher, mode: "open", ...HUB_LIMITS, ...limits });
}

/** Delivers in a buffer that is reused, as the source's are. */
function deliver(hub: Hub, routingKey: string, body: string): void {
  const lent = encoder.encode(body);
  hub.deliver(sourceEvent(routingKey, lent));
  lent.fill(0x20);
}

Deno.test("a new subscriber is sent the latest value of each stream that has one", () => {
  const hub = hubOf();
  const early = new EventFollower(hub, ["usdbtc.kline-1m"]);
  deliver(hub, "public.usdbtc.kline-1m", "[60,1,1,1,1,1]");
  deliver(hub, "public.usdbtc.kline-1m", "[60,1,2,1,2,3]");
  deliver(hub, "public.usdbtc.trades", '{"trades":[]}');
  deliver(hub, "public.usdbtc.update", '{"asks":[],"bids":[]}');
  deliver(hub, "global.tickers", "{}");
  deliver(hub, "public.usdbtc.kline-2m", "[60,1,2,1,2,3]");
  deliver(hub, "private.ID1.order", "{}");
  assert.equal(early.read().length, 2);
  const names = ["usdbtc.kline-1m", "usdbtc.trades", "global.tickers", "usdbtc.kline-2m"];
  const late = new EventFollower(hub, names);
  assert.deepEqual(late.read(), [
    '{"usdbtc.kline-1m":[60,1,2,1,2,3]}',
    '{"global.tickers":{}}',
  ]);
  deliver(hub, "public.usdbtc.kline-1m", "[120,1,1,1,1,1]");
  assert.deepEqual(late.read(), ['{"usdbtc.kline-1m":[120,1,1,1,1,1]}']);
  const whole = new EventFollower(hub, ["usdbtc"]);
  assert.deepEqual(whole.read().sort(), [
    '{"usdbtc.kline-1m":[120,1,1,1,1,1]}',
    '{"usdbtc.update":{"asks":[],"bids":[]}}',
  ]);
});

Deno.test("a value that is not valid JSON replaces nothing", () => {
  const hub = hubOf();
  deliver(hub, "public.usdbtc.kline-1m", "[60,1,1,1,1,1]");
  deliver(hub, "public.usdbtc.kline-1m", "[60,1,");
  assert.deepEqual(new EventFollower(hub, ["usdbtc.kline-1m"]).read(), [
    '{"usdbtc.kline-1m":[60,1,1,1,1,1]}',
  ]);
});

Deno.test("values of prefixed streams are not kept: they are for some roles only", () => {
  const hub = hubOf();
  deliver(hub, "admin.usdbtc.kline-1m", "[60,1,1,1,1,1]");
  assert.deepEqual(new EventFollower(hub, ["admin.usdbtc.kline-1m", "usdbtc.kline-1m"]).read(), []);
});

Deno.test("an interruption of the source leaves the values, which earlier subscribers have as well", () => {
  const hub = hubOf();
  deliver(hub, "public.usdbtc.kline-1m", "[60,1,1,1,1,1]");
  hub.lost({ cause: "connection", after: undefined });
  assert.equal(new EventFollower(hub, ["usdbtc.kline-1m"]).read().length, 1);
});

Deno.test("the number of values and their bytes are bounded", () => {
  const few = hubOf({ states: 3 });
  for (let at = 0; at < 5; at++) deliver(few, `public.m${at}.kline-1m`, "[60,1,1,1,1,1]");
  assert.equal(few.sizes.latestValues, 3);
  const small = hubOf({ stateBytes: 2000 });
  const large = `{"asks":[],"bids":[],"x":"${"x".repeat(400)}"}`;
  deliver(small, "public.a.update", large);
  assert.equal(small.sizes.latestValues, 1);
  assert.ok(small.sizes.stateBytes > 800);
  deliver(small, "public.b.update", large);
  assert.equal(small.sizes.latestValues, 1);
  // A value that has grown beyond the limit is forgotten, and not kept as it was.
  deliver(small, "public.a.update", `{"x":"${"x".repeat(1000)}"}`);
  assert.deepEqual(small.sizes.latestValues, 0);
  assert.equal(small.sizes.stateBytes, 0);
  assert.deepEqual(new EventFollower(small, ["a.update"]).read(), []);
});
