/** The memory that all order books and other states may take together. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { HubCounters } from "../../src/hub/counters.ts";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { StreamStates } from "../../src/hub/stream_states.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { startExchange, step } from "../support/exchange.ts";
import { labelled, scrape } from "../support/metrics.ts";

const broker = await sharedBroker();

function book(levels: number, sequence = 1) {
  const asks = Array.from({ length: levels }, (_, at) => [`${100_000 + at}.25`, "1.1234567"]);
  return { asks, bids: [], sequence };
}

/** Books of a thousand levels, of which three fit. */
const LIMIT = 1_048_576;

Deno.test("states take no more memory than streams.state_bytes", async (t) => {
  const args = [`--streams-state-bytes=${LIMIT}`];
  await using exchange = await startExchange(broker, { auth: false, args });
  const { ranger } = exchange;
  const snapshot = (n: number, levels = 1000, sequence = 1) =>
    exchange.publish(`public.m${n}.ob-snap`, book(levels, sequence));
  const increment = (n: number, sequence: number) =>
    exchange.publish(`public.m${n}.ob-inc`, { asks: ["1.0", "2"], sequence });
  const dropped = () => labelled(ranger, "ranger_states_dropped_total", "what");

  await step(t, "those that nobody follows go first, the oldest before others", async () => {
    for (let n = 0; n < 10; n++) await snapshot(n);
    await exchange.settled();
    assert.deepEqual(await dropped(), { evicted: 7, turned_away: 0 });
    const { value } = await scrape(ranger);
    assert.equal(value('ranger_books_current{state="live"}'), 3);
    // Three books, and the latest value of the stream that `settled` waits for.
    const marker = 2 * '{"asks":[],"bids":[],"marker":1}'.length + 300;
    assert.equal(value("ranger_state_bytes"), 900_000 + marker);
  });

  const followed = [7, 8, 9].map((n) => `m${n}.ob-inc`);
  await using client = await exchange.connect(`/public?stream=${followed.join(",")}`, {
    holds: followed,
  });
  const next = async () => {
    const [[name, { sequence }]] = Object.entries<{ sequence: number }>(
      JSON.parse(await client.next()),
    ) as [[string, { sequence: number }]];
    return `${name} ${sequence}`;
  };
  assert.deepEqual([await next(), await next(), await next()], [
    "m7.ob-snap 1",
    "m8.ob-snap 1",
    "m9.ob-snap 1",
  ]);

  await step(t, "new ones are not kept where all that there are are followed", async () => {
    await snapshot(10);
    await exchange.settled();
    assert.deepEqual(await dropped(), { evicted: 7, turned_away: 1 });
    await using late = await exchange.connect("/public?stream=m10.ob-inc");
    await exchange.assertOwedNothing(late);
    await increment(8, 2);
    assert.equal(await next(), "m8.ob-inc 2");
  });

  await step(t, "one that grows too large is dropped until a snapshot fits", async () => {
    await snapshot(7, 2000, 5);
    assert.equal(await next(), "m7.ob-snap 5");
    await increment(7, 6);
    await increment(9, 2);
    assert.equal(await next(), "m9.ob-inc 2", "increments of the dropped one are held back");
    await snapshot(7, 900, 7);
    assert.equal(await next(), "m7.ob-snap 7");
    await increment(7, 8);
    assert.equal(await next(), "m7.ob-inc 8");
    assert.deepEqual(await dropped(), { evicted: 7, turned_away: 2 });
    assert.ok((await scrape(ranger)).value("ranger_state_bytes") <= LIMIT);
  });
});

const bytes = new TextEncoder();

Deno.test("what is counted of all states is what they take, whatever happens to them", () => {
  const operation = fc.record({
    what: fc.constantFrom("snapshot", "increment", "follow", "leave", "interrupted"),
    name: fc.constantFrom("a.ob", "b.ob", "c.seats", "d.seats", "e.ob"),
    size: fc.nat(40),
  });
  fc.assert(fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
    const counters = new HubCounters();
    const held = new Set<string>();
    const limits = { ...HUB_LIMITS, stateBytes: 20_000 };
    const states = new StreamStates(peatioRegistry, limits, counters, ({ base }) => held.has(base));
    const sequences = new Map<string, number>();
    for (const { what, name, size } of operations) {
      const sequence = (sequences.get(name) ?? 0) + 1;
      const body = what === "snapshot" ? book(size, sequence) : { ...book(1 + size % 3, sequence) };
      const event = new EncodedEvent(`${name}-x`, bytes.encode(JSON.stringify(body)));
      if (what === "follow") held.add(name);
      else if (what === "leave") held.delete(name);
      else if (what === "interrupted") states.invalidateAll();
      else {
        sequences.set(name, sequence);
        const [id] = name.split(".");
        const state = what === "snapshot"
          ? states.open({ base: name, snapshots: `${name}-snap`, id })
          : states.find(name);
        if (!state) continue;
        if (what === "snapshot") state.snapshot(event, body);
        else state.increment(event, body);
        states.account(name, state);
      }
      const kept = ["a.ob", "b.ob", "c.seats", "d.seats", "e.ob"].map((base) => states.find(base));
      const taken = kept.reduce((sum, state) => sum + (state?.bytes ?? 0), 0);
      assert.equal(states.bytes, taken);
      assert.ok(taken <= limits.stateBytes, `${taken} bytes`);
    }
  }));
});
