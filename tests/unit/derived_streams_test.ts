/** Streams derived from the order book, on what Peatio's engine publishes. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { DEPTHS, peatioRegistry } from "../../src/streams/peatio.ts";
import { EventFollower } from "../support/event_follower.ts";
import { exchangeFlow, knownBook, type PlayedEvent, playFlow } from "../support/exchange_flow.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { runs } from "../support/runs.ts";
import { sourceEvent } from "../support/source_event.ts";

const encoder = new TextEncoder();

function hubOf(mode: "open" | "strict" = "open"): Hub {
  return new Hub({ registry: peatioRegistry, flusher: new Flusher(), mode, ...HUB_LIMITS });
}

function deliver(hub: Hub, routingKey: string, payload: unknown): void {
  hub.deliver(sourceEvent(routingKey, encoder.encode(JSON.stringify(payload))));
}

function snapshot(hub: Hub, sequence: number): void {
  const asks = [["2.0", "1"], ["3.0", "1"]];
  deliver(hub, "public.ethusd.ob-snap", { asks, bids: [["1.0", "5"]], sequence });
}

/** What the exchange has shown of its book, after some events: its best levels. */
function topOf(events: readonly PlayedEvent[], levels: number) {
  const { asks, bids } = knownBook(events, events.length);
  return { asks: asks.slice(0, levels), bids: bids.slice(0, levels) };
}

function levelsIn(message: string, name: string): { asks: unknown; bids: unknown } {
  const { [name]: value, ...rest } = JSON.parse(message);
  assert.deepEqual(rest, {});
  const { asks, bids } = value;
  return { asks, bids };
}

for (const mode of ["open", "strict"] as const) {
  Deno.test(`the best ask and bid follow the exchange's book at each change (streams.mode ${mode})`, () => {
    let changes = 0;
    fc.assert(
      fc.property(exchangeFlow({ restarts: false }), (flow) => {
        const { events } = playFlow(flow);
        const hub = hubOf(mode);
        const follower = new EventFollower(hub, ["ethusd.bbo"]);
        let last = "";
        for (const [at, { routingKey, body, kind }] of events.entries()) {
          hub.deliver(sourceEvent(routingKey, body));
          const [message, ...more] = follower.read();
          assert.deepEqual(more, []);
          if (kind === "snapshot" && at > 0) {
            assert.equal(message, undefined, "a periodic snapshot changes nothing");
            continue;
          }
          const { asks: [ask = null], bids: [bid = null] } = topOf(events.slice(0, at + 1), 1);
          const best = JSON.stringify({ ask, bid });
          assert.equal(message !== undefined, best !== last, `event ${at}`);
          if (message === undefined) continue;
          const { "ethusd.bbo": { sequence, ...value } } = JSON.parse(message);
          assert.equal(JSON.stringify(value), best);
          assert.equal(sequence, knownBook(events, at + 1).sequence);
          last = best;
          changes++;
          const late = new EventFollower(hub, ["ethusd.bbo"]);
          assert.deepEqual(late.read(), [message]);
          late.leave();
        }
      }),
      { numRuns: runs(40) },
    );
    assert.ok(changes > 100, `${changes} changes`);
  });
}

Deno.test("the best levels are those of the exchange's book, at most every 100 ms", () => {
  let values = 0;
  fc.assert(
    fc.property(
      exchangeFlow({ opening: 30 }),
      fc.constantFrom(...DEPTHS),
      fc.array(fc.nat({ max: 60 }), { minLength: 1 }),
      (flow, depth, pauses) => {
        using clock = new FakeClock();
        const { events } = playFlow(flow);
        const hub = hubOf();
        const name = `ethusd.depth-${depth}`;
        const follower = new EventFollower(hub, [name]);
        let sentAt = -Infinity;
        let last: unknown;
        const take = () => {
          for (const message of follower.read()) {
            assert.ok(performance.now() - sentAt >= 100, "too soon");
            sentAt = performance.now();
            const value = levelsIn(message, name);
            assert.notDeepEqual(value, last, "only what changed is sent");
            last = value;
            values++;
          }
        };
        for (const [at, { routingKey, body }] of events.entries()) {
          hub.deliver(sourceEvent(routingKey, body));
          take();
          for (let passed = 0; passed < pauses[at % pauses.length]!; passed += 10) {
            clock.pass(10);
            take();
          }
        }
        for (let passed = 0; passed < 100; passed += 10) {
          clock.pass(10);
          take();
        }
        assert.deepEqual(last, topOf(events, Number(depth)));
      },
    ),
    { numRuns: runs(40) },
  );
  assert.ok(values > 100, `${values} values`);
});

Deno.test("a stale book sends nothing until its next snapshot", () => {
  using clock = new FakeClock();
  const hub = hubOf();
  const names = ["ethusd.bbo", "ethusd.depth-5"];
  const follower = new EventFollower(hub, names);
  snapshot(hub, 1);
  assert.equal(follower.read().length, 2);
  deliver(hub, "public.ethusd.ob-inc", { asks: ["2.0", ""], sequence: 3 });
  clock.pass(1000);
  assert.deepEqual(follower.read(), [], "a skipped number");
  const late = new EventFollower(hub, names);
  assert.deepEqual(late.read(), []);
  deliver(hub, "public.ethusd.ob-snap", { asks: [["3.0", "1"]], bids: [], sequence: 4 });
  const expected = [
    '{"ethusd.bbo":{"ask":["3.0","1"],"bid":null,"sequence":4}}',
    '{"ethusd.depth-5":{"asks":[["3.0","1"]],"bids":[],"sequence":4}}',
  ];
  assert.deepEqual(follower.read(), expected);
  assert.deepEqual(late.read(), expected);
});

Deno.test("numbers keep their digits", () => {
  const hub = hubOf();
  const follower = new EventFollower(hub, ["ethusd.bbo"]);
  hub.deliver(
    sourceEvent(
      "public.ethusd.ob-snap",
      encoder.encode(
        '{"asks":[[1.10,0.000000000000000000001]],"bids":[["1.0","2.50"]],"sequence":1}',
      ),
    ),
  );
  assert.deepEqual(follower.read(), [
    '{"ethusd.bbo":{"ask":[1.10,0.000000000000000000001],"bid":["1.0","2.50"],"sequence":1}}',
  ]);
});

Deno.test("what the exchange publishes itself is passed on and not derived", () => {
  using clock = new FakeClock();
  const hub = hubOf();
  const follower = new EventFollower(hub, ["ethusd.depth-5", "ethusd.bbo"]);
  snapshot(hub, 1);
  assert.equal(follower.read().length, 2);
  deliver(hub, "public.ethusd.depth-5", { asks: [], bids: [], own: true });
  deliver(hub, "public.ethusd.ob-inc", { asks: ["2.0", ""], sequence: 2 });
  clock.pass(1000);
  assert.deepEqual(follower.read(), [
    '{"ethusd.depth-5":{"asks":[],"bids":[],"own":true}}',
    '{"ethusd.bbo":{"ask":["3.0","1"],"bid":["1.0","5"],"sequence":2}}',
  ]);
  const late = new EventFollower(hub, ["ethusd.depth-5"]);
  assert.deepEqual(late.read(), ['{"ethusd.depth-5":{"asks":[],"bids":[],"own":true}}']);
});

Deno.test("only names with a subscriber are derived, and only those that can be", () => {
  const hub = hubOf();
  const names = ["ethusd.depth-5", "ethusd.depth-7", "a.ethusd.bbo", "ethusd.bbo-x"];
  const follower = new EventFollower(hub, names);
  assert.equal(hub.sizes.derivedStreams, 1);
  const second = new EventFollower(hub, ["ethusd.depth-5"]);
  follower.leave();
  assert.equal(hub.sizes.derivedStreams, 1);
  second.leave();
  assert.equal(hub.sizes.derivedStreams, 0);
});

Deno.test("a subscription to a whole id has what the exchange publishes, and nothing derived", () => {
  const hub = hubOf();
  const other = new EventFollower(hub, ["ethusd.bbo"]);
  const follower = new EventFollower(hub, ["ethusd"]);
  snapshot(hub, 1);
  assert.equal(other.read().length, 1);
  assert.ok(follower.read().every((message) => message.startsWith('{"ethusd.ob-snap":')));
});
