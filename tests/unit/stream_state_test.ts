import assert from "node:assert/strict";
import { HubCounters } from "../../src/hub/counters.ts";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import {
  BookOrReplayState,
  OrderBookState,
  ReplayState,
  type StreamState,
} from "../../src/hub/stream_state.ts";
import { StreamStates } from "../../src/hub/stream_states.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { recordingSubscriber } from "../support/recording_subscriber.ts";
import { sourceEvent } from "../support/source_event.ts";

Deno.test("the current book is encoded once for all who ask, until an increment changes it", () => {
  const hub = new Hub({
    registry: peatioRegistry,
    flusher: new Flusher(),
    mode: "open",
    ...HUB_LIMITS,
  });
  const publish = (event: string, payload: unknown) =>
    hub.deliver(
      sourceEvent(`public.usdbtc.${event}`, new TextEncoder().encode(JSON.stringify(payload))),
    );
  const join = (envelope: "object" | "tuple" = "object") => {
    const subscriber = recordingSubscriber(envelope);
    hub.subscribe(subscriber, ["usdbtc.ob-inc"]);
    hub.start(subscriber, ["usdbtc.ob-inc"]);
    // Each encoded frame has another buffer.
    return subscriber.frames.map((frame) => frame.buffer);
  };
  publish("ob-snap", { asks: [["15.0", "1"]], bids: [], sequence: 1 });
  const [[first], [second], [tuple]] = [join(), join(), join("tuple")];
  assert.ok(first);
  assert.equal(first, second, "the same buffer, not an equal one");
  assert.notEqual(first, tuple);
  assert.equal(join("tuple")[0], tuple);

  publish("ob-inc", { asks: ["15.0", "1"], sequence: 1 });
  assert.equal(join()[0], first, "what was known changes nothing");
  publish("ob-inc", { asks: ["15.0", "2"], sequence: 2 });
  const [third] = join();
  assert.notEqual(third, first);
  assert.equal(join()[0], third);
  publish("ob-snap", { asks: [["15.00", "2"]], bids: [], sequence: 2 });
  publish("ob-snap", { asks: [["15.0", "3"]], bids: [], sequence: 2 });
  assert.equal(join()[0], third, "a snapshot in step or not judged yet changes nothing");
  publish("ob-inc", { bids: ["1", "1"], sequence: 3 });
  assert.notEqual(join()[0], third);
});

/** An event of a kind that nobody knows. */
function event(payload: unknown): [EncodedEvent, unknown] {
  return [
    new EncodedEvent("x.seats-inc", new TextEncoder().encode(JSON.stringify(payload))),
    payload,
  ];
}

Deno.test("an unknown kind keeps the snapshot and the increments up to the limit", () => {
  const state: StreamState = new ReplayState(2, 1024);
  assert.deepEqual(state.events(), []);
  assert.equal(state.increment(...event(1)), "stale");
  const [snapshot, a, b] = [event("all"), event("a"), event("b")];
  assert.equal(state.snapshot(...snapshot), "diverged");
  assert.equal(state.increment(...a), "applied");
  assert.equal(state.increment(...b), "applied");
  assert.deepEqual(state.events(), [snapshot[0], a[0], b[0]]);
  assert.equal(state.increment(...event("c")), "overflow");
  assert.equal(state.increment(...event("d")), "stale");
  assert.deepEqual([state.isCurrent, state.events()], [false, []]);
  assert.equal(state.snapshot(...snapshot), "diverged");
  assert.deepEqual(state.events(), [snapshot[0]]);
  assert.equal(state.increment(...a), "applied");
  assert.equal(state.snapshot(...event("all")), "current");
  assert.equal(new ReplayState(0, 1024).snapshot(...snapshot), "diverged");
});

Deno.test("an unknown kind holds to the sequence where its payloads carry one", () => {
  const state = new ReplayState(10, 1024);
  assert.equal(state.snapshot(...event({ sequence: 3 })), "diverged");
  assert.equal(state.increment(...event({ sequence: 3 })), "old");
  assert.equal(state.increment(...event({ sequence: 4 })), "applied");
  assert.equal(state.increment(...event({ sequence: "own" })), "applied", "a word");
  assert.equal(state.snapshot(...event({ sequence: 4 })), "current");
  assert.equal(state.snapshot(...event({ sequence: 6 })), "diverged", "one was lost");
  assert.equal(state.increment(...event({ sequence: 8 })), "gap");
  assert.equal(state.increment(...event({ sequence: 9 })), "stale");
  assert.equal(state.snapshot(...event({})), "diverged");
  assert.equal(state.increment(...event({ sequence: 1 })), "applied");
});

Deno.test("a book's snapshot waits for the next increment, which shows whether it has diverged", () => {
  const state = new OrderBookState("x.ob-snap", 10);
  const book = (amount: string) => event({ asks: [["2", amount]], bids: [], sequence: 10 });
  const increment = (sequence: number) => event({ asks: ["2", "5"], sequence });
  const base = () =>
    state.divergedSnapshot && new TextDecoder().decode(state.divergedSnapshot.body);
  assert.equal(state.hasBegun, false);
  state.snapshot(...book("1"));
  const [shown] = state.events();
  assert.equal(state.snapshot(...book("5")), "undecided");
  assert.deepEqual(state.events(), [shown]);
  assert.equal(state.increment(...increment(11)), "applied");
  assert.equal(base(), undefined);

  state.snapshot(...event({ asks: [["2", "5"]], bids: [["1", "1"]], sequence: 11 }));
  const other = event({ asks: [["2", "5"]], bids: [["1", "3"]], sequence: 11 });
  const lent = other[0].body;
  const text = new TextDecoder().decode(lent);
  assert.equal(state.snapshot(...other), "undecided");
  lent.fill(0x20);
  assert.equal(state.increment(...increment(12)), "diverged");
  assert.equal(base(), text);
  assert.deepEqual([state.isCurrent, state.hasBegun], [true, true]);
  assert.equal(state.increment(...increment(13)), "applied");
  assert.equal(base(), undefined);
});

Deno.test("five increments in a row that are known already tell of a restart, four do not", () => {
  const book = new OrderBookState("x.ob-snap", 10);
  for (const state of [book, new ReplayState(100, 1000)]) {
    const snapshot = event({ asks: [], bids: [], sequence: 100 });
    const outcomes = (...sequences: number[]) =>
      sequences.map((sequence) => state.increment(...event({ sequence })));
    const four = ["old", "old", "old", "old"];
    state.snapshot(...snapshot);
    assert.deepEqual(outcomes(2, 3, 4, 5, 101, 101, 99, 100, 2), [...four, "applied", ...four]);
    assert.equal(state.snapshot(...event({ asks: [], bids: [], sequence: 101 })), "current");
    assert.deepEqual(outcomes(2, 3, 4, 5, 6, 7), [...four, "restarted", "stale"]);
    assert.deepEqual([state.isCurrent, state.hasBegun, state.events()], [false, true, []]);
    assert.equal(state.snapshot(...event({ asks: [], bids: [], sequence: 6 })), "diverged");
    assert.deepEqual(outcomes(6, 7), ["old", "applied"]);
  }
});

Deno.test("a book that cannot be read as one is replayed, until it can be", () => {
  const state: StreamState = new BookOrReplayState(
    new OrderBookState("x.ob-snap", 9),
    new ReplayState(9, 999),
  );
  assert.equal(state.increment(...event({ asks: ["1", "1"], sequence: 2 })), "stale");
  const counts = event({ asks: [["1", "1", 4]], bids: [], sequence: 1 });
  const more = event({ asks: ["1", "2", 5], sequence: 2 });
  assert.equal(state.snapshot(...counts), "diverged");
  assert.equal(state.increment(...more), "applied");
  assert.equal(state.increment(...more), "old");
  assert.deepEqual(state.events(), [counts[0], more[0]]);
  assert.equal(state.snapshot(...event({ levels: 5 })), "unusable");
  assert.deepEqual(state.events(), [counts[0], more[0]]);

  const large = event({ asks: [["1", "1"]], bids: [], sequence: 2 ** 53 });
  const next = event({ asks: ["1", "2"], sequence: 2 ** 53 + 2 });
  state.invalidate();
  assert.deepEqual([state.isCurrent, state.hasBegun, state.events()], [false, true, []]);
  assert.equal(state.snapshot(...large), "diverged");
  assert.equal(state.increment(...next), "applied");
  assert.deepEqual(state.events(), [large[0], next[0]]);

  const read = event({ asks: [["1", "1"]], bids: [], sequence: 7 });
  assert.equal(state.snapshot(...counts), "current", "by nothing that would tell otherwise");
  assert.equal(state.snapshot(...read), "diverged");
  assert.equal(state.increment(...event({ asks: ["1", ""], sequence: 8 })), "applied");
  assert.equal(state.events().length, 1);
  assert.equal(
    state.snapshot(...event({ asks: [["1", "1", 4]], bids: [], sequence: 8 })),
    "diverged",
  );
  assert.equal(state.snapshot(...event({ asks: [["1", "1"]], bids: [], sequence: 8 })), "current");
  assert.equal(state.increment(...event({ asks: ["1", "7"], sequence: 9 })), "applied");
  assert.equal(state.events().length, 1);
});

Deno.test("a doubted book says nothing until its next snapshot, whatever that is", () => {
  const state = new OrderBookState("x.ob-snap", 10);
  const snapshot = { asks: [], bids: [], sequence: 7 };
  assert.equal(state.snapshot(...event(snapshot)), "diverged");
  assert.equal(state.snapshot(...event(snapshot)), "current");
  state.invalidate();
  assert.deepEqual([state.isCurrent, state.events()], [false, []]);
  assert.equal(state.increment(...event({ asks: ["1", "1"], sequence: 8 })), "stale");
  assert.equal(state.snapshot(...event(snapshot)), "diverged", "the same one again");
});

Deno.test("an unknown kind keeps no more bytes than a late comer may be owed", () => {
  const state = new ReplayState(1000, 100);
  const large = "x".repeat(38);
  assert.equal(state.snapshot(...event(large)), "diverged");
  assert.equal(state.increment(...event(large)), "applied");
  assert.equal(state.increment(...event(large)), "overflow");
  assert.deepEqual([state.isCurrent, state.events()], [false, []]);
});

Deno.test("a book has no more levels per side than the limit", () => {
  const state = new OrderBookState("x.ob-snap", 2);
  const asks = [["1", "1"], ["2", "1"], ["3", "1"]];
  assert.equal(state.snapshot(...event({ asks, bids: [] })), "unusable");
  assert.equal(state.snapshot(...event({ asks: asks.slice(1), bids: [] })), "diverged");
  assert.equal(state.increment(...event({ asks: [["2", "0"], ["4", "1"]] })), "applied");
  assert.equal(state.increment(...event({ bids: ["1", "1"] })), "applied");
  assert.equal(state.increment(...event({ asks: ["5", "1"] })), "overflow");
  assert.deepEqual([state.isCurrent, state.events()], [false, []]);
});

Deno.test("states that somebody follows stay, of the others the oldest goes", () => {
  const counters = new HubCounters();
  const limits = { ...HUB_LIMITS, states: 3 };
  const followed = new Set(["a"]);
  const states = new StreamStates(
    peatioRegistry,
    limits,
    counters,
    ({ base }) => followed.has(base),
  );
  const publish = (id: string) => {
    const state = states.open({ base: id, snapshots: `${id}-snap`, id });
    state.snapshot(...event({ of: id }));
  };
  for (const id of ["a", "b", "c", "b", "d"]) publish(id);
  assert.deepEqual(["a", "b", "c", "d"].map((id) => states.find(id)?.isCurrent), [
    true,
    true,
    undefined,
    true,
  ]);
  assert.deepEqual(states.eventsOfId("c"), []);
  assert.equal(states.eventsOfId("d").length, 1);
  assert.deepEqual([counters.statesEvicted, counters.statesTurnedAway], [1, 0]);

  for (const id of ["b", "d"]) followed.add(id);
  publish("e");
  assert.equal(states.find("e"), undefined);
  assert.deepEqual([counters.statesEvicted, counters.statesTurnedAway], [1, 1]);
  followed.clear();
  for (let n = 0; n < 1000; n++) publish(`n${n}`);
  assert.deepEqual(states.sizes, { states: 3, statesUnsure: 0, statesWaiting: 0 });
  assert.equal(counters.statesEvicted, 1001);
});
