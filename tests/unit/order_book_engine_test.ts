/** The server's order book on what Peatio's engine publishes: its recording, and random flows. */
import fc from "fast-check";
import assert from "node:assert/strict";
import type { PublishedBook } from "../../src/source/simulator/book_publisher.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import {
  exchangeFlow,
  isStart,
  knownBook,
  type PlayedEvent,
  playFlow,
  ServedBook,
  servedBook,
} from "../support/exchange_flow.ts";
import { ModelBook } from "../support/model_book.ts";
import { HubFollower } from "../support/hub_follower.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import type { BookSnapshot } from "../support/model_book.ts";
import { type BookEvent, readPeatioRecording } from "../support/peatio_recording.ts";
import { runs } from "../support/runs.ts";
import { sourceEvent } from "../support/source_event.ts";

const decoder = new TextDecoder();

/** Flows of each property; RANGER_FUZZ_TIMES multiplies them. Deep books take longer. */
const RUNS = runs(160);
const DEEP_RUNS = RUNS / 16;

type Mode = "open" | "strict";
const MODES: readonly Mode[] = ["open", "strict"];

function hubOf(mode: Mode): Hub {
  return new Hub({ registry: peatioRegistry, flusher: new Flusher(), mode, ...HUB_LIMITS });
}

function bodiesOf(events: readonly BookEvent[]): string[] {
  return events.filter(({ kind }) => kind === "increment").map(({ body }) => decoder.decode(body));
}

/** What the hub counted that nothing should have been. */
function faultsOf({ counters }: Hub) {
  const { gaps, incrementsStale, incrementsHeldBack, refused, notJson } = counters.toJSON();
  return { gaps, incrementsStale, incrementsHeldBack, notJson, refused: JSON.stringify(refused) };
}

const NO_FAULTS = {
  gaps: 0,
  incrementsStale: 0,
  incrementsHeldBack: 0,
  notJson: 0,
  refused: "{}",
};

/**
 * Delivers events without a fault among them, to one subscriber from the start, and to
 * another one before each of the events in `joins`, and checks what each of them receives.
 */
function follow(mode: Mode, events: readonly BookEvent[], joins: ReadonlySet<number>): Hub {
  const hub = hubOf(mode);
  const id = events[0]!.routingKey.split(".")[1]!;
  const first = new HubFollower(hub, id);
  const late: { follower: HubFollower; at: number }[] = [];
  const served = new ServedBook();
  let snapshots = 0;
  for (const [at, { routingKey, body, kind, payload }] of events.entries()) {
    if (at > 0 && joins.has(at)) {
      const follower = new HubFollower(hub, id);
      const received = follower.read();
      assert.equal(received.length, 1, "one snapshot as of now, and nothing else");
      assert.deepEqual(follower.book.snapshot(), served.snapshot(), `the book before ${at}`);
      late.push({ follower, at });
    }
    served.add(events[at]!);
    // Delivered bodies are lent: the hub may keep nothing of it without a copy.
    const lent = body.slice();
    hub.deliver(sourceEvent(routingKey, lent));
    lent.fill(0x20);
    const received = first.read();
    const isFirst = kind === "snapshot" && payload.sequence === 1;
    if (received.some(({ event }) => event === "ob-snap")) snapshots++;
    if (!isFirst) {
      const expected = kind === "increment" ? [decoder.decode(body)] : [];
      assert.deepEqual(
        received.map(({ payload }) => payload),
        expected,
        "increments, as published",
      );
    }
  }
  assert.deepEqual(faultsOf(hub), NO_FAULTS);
  // The first snapshot is not a resync; that of a restarted engine is.
  assert.equal(hub.counters.resyncs, snapshots - 1);
  assert.deepEqual(first.increments, bodiesOf(events));
  const book = knownBook(events, events.length);
  assert.deepEqual(first.book.snapshot(), book);
  for (const { follower, at } of late) {
    follower.read();
    assert.deepEqual(follower.increments, bodiesOf(events.slice(at)), `who came before ${at}`);
    assert.deepEqual(follower.book.snapshot(), followedBook(events, at), `who came before ${at}`);
  }
  return hub;
}

/** The book of a follower that joined before event `at`: what it was sent then, and what came since. */
function followedBook(events: readonly BookEvent[], at: number): PublishedBook {
  const book = new ModelBook();
  book.replace(servedBook(events, at));
  const restart = events.findLastIndex((event) => isStart(event));
  if (restart >= at) return knownBook(events, events.length);
  for (const { kind, payload } of events.slice(at)) if (kind === "increment") book.apply(payload);
  const { asks, bids, sequence = 1 } = book.snapshot();
  return { asks, bids, sequence };
}

for (const mode of MODES) {
  Deno.test(`the recording of a real engine reaches its followers whole (streams.mode ${mode})`, async () => {
    const { events, restart, books } = await readPeatioRecording();
    // In step all the time: one snapshot, of 14, and every increment.
    const third = new Set(events.keys().filter((at) => at % 3 === 0));
    const before = follow(mode, events.slice(0, restart), third);
    assert.equal(before.counters.resyncs, 0);
    const after = follow(mode, events, new Set(events.keys().filter((at) => at % 9 === 0)));
    assert.equal(after.counters.resyncs, 1);
    // What is known is the engine's book, but for levels that it never told of.
    for (const { afterEvents, asks, bids } of books) {
      const known = knownBook(events, afterEvents);
      const engine = new Set([...asks, ...bids].map(String));
      for (const level of [...known.asks, ...known.bids]) assert.ok(engine.has(`${level}`));
    }
  });
}

/** A flow, and before which of its events somebody joins, as parts of all. */
function flowAndJoins(options: Parameters<typeof exchangeFlow>[0]) {
  return fc.tuple(exchangeFlow(options), fc.array(fc.double({ min: 0, max: 1, noNaN: true })));
}

function joinsOf(events: readonly PlayedEvent[], parts: readonly number[]): Set<number> {
  return new Set(parts.map((part) => Math.floor(part * events.length)));
}

const OPENINGS = { "a shallow": undefined, "a deep": 310 };

for (const mode of MODES) {
  for (const [what, opening] of Object.entries(OPENINGS)) {
    const count = opening === undefined ? RUNS : DEEP_RUNS;
    const options = opening === undefined ? {} : { opening };

    Deno.test(`in step with ${what} market each client is sent one snapshot (streams.mode ${mode})`, () => {
      let increments = 0;
      fc.assert(
        fc.property(flowAndJoins({ ...options, restarts: false }), ([flow, parts]) => {
          const { events, book } = playFlow(flow);
          const { counters } = follow(mode, events, joinsOf(events, parts));
          assert.equal(counters.resyncs, 0);
          if (opening === undefined) assert.deepEqual(knownBook(events, events.length), book);
          increments += events.filter(({ kind }) => kind === "increment").length;
        }),
        { numRuns: count },
      );
      assert.ok(increments > count, `${increments} increments`);
    });

    Deno.test(`an engine of ${what} market that restarts resets each client once (streams.mode ${mode})`, () => {
      fc.assert(
        fc.property(flowAndJoins(options), ([flow, parts]) => {
          const { events, book, restarts } = playFlow(flow);
          const { counters } = follow(mode, events, joinsOf(events, parts));
          assert.ok(counters.resyncs <= restarts);
          if (opening === undefined) assert.deepEqual(knownBook(events, events.length), book);
        }),
        { numRuns: count },
      );
    });
  }

  Deno.test(`whatever fails or is lost, two snapshots later all have the engine's book (streams.mode ${mode})`, () => {
    let faulty = 0;
    fc.assert(
      fc.property(flowAndJoins({ faults: true }), ([flow, parts]) => {
        const { events, book, faults, restarts } = playFlow(flow, true);
        const hub = hubOf(mode);
        const joins = joinsOf(events, parts);
        const followers = [new HubFollower(hub, flow.market.id)];
        for (const [at, { routingKey, body }] of events.entries()) {
          if (joins.has(at)) followers.push(new HubFollower(hub, flow.market.id));
          hub.deliver(sourceEvent(routingKey, body));
        }
        const bodies = bodiesOf(events);
        for (const follower of followers) {
          follower.read();
          assertTopIs(follower.book.snapshot(), book);
          assert.ok(isPartOf(follower.increments, bodies), "increments as published, in order");
        }
        const late = new HubFollower(hub, flow.market.id);
        late.read();
        assertTopIs(late.book.snapshot(), book);
        const { counters } = hub;
        if (faults === 0) {
          assert.deepEqual(faultsOf(hub), NO_FAULTS);
          assert.ok(counters.resyncs <= restarts);
        } else faulty++;
      }),
      { numRuns: RUNS },
    );
    assert.ok(faulty > RUNS / 2, `${faulty} flows with faults`);
  });
}

/**
 * Asserts that a book is another one, but for levels below its last: snapshots are compared as deep
 * as they go, so a removal there may stay unknown when publishing it fails without a number used up.
 */
function assertTopIs(book: BookSnapshot, { asks, bids, sequence }: PublishedBook): void {
  const top = { asks: book.asks.slice(0, asks.length), bids: book.bids.slice(0, bids.length) };
  assert.deepEqual({ ...top, sequence: book.sequence }, { asks, bids, sequence });
}

/** Whether the texts are among the others, in their order. */
function isPartOf(texts: readonly string[], others: readonly string[]): boolean {
  let at = 0;
  for (const other of others) if (other === texts[at]) at++;
  return at === texts.length;
}
