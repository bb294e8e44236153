import fc from "fast-check";
import assert from "node:assert/strict";
import type { PublishedBook } from "../../src/source/simulator/book_publisher.ts";
import { bookJson, bookLine } from "../../src/cli/tail/book.ts";
import { ladderLines } from "../../src/cli/tail/ladder.ts";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { OrderBookState } from "../../src/hub/stream_state.ts";
import { BookWire, shownBook, snapshotOf, wiredBook } from "../support/book_wire.ts";
import { exchangeFlow, knownBook, type PlayedEvent, playFlow } from "../support/exchange_flow.ts";
import { ladderLevels } from "../support/ladder.ts";
import { runs } from "../support/runs.ts";

const MARKET = "ethusd";
/** Flows of each property; RANGER_FUZZ_TIMES multiplies them. Deep books take longer. */
const RUNS = runs(320);
/** More levels than any flow has. */
const ALL = 1000;

const decoder = new TextDecoder();

/** A client's book and what `ranger tail --book` shows of it, sent what a correct server sends. */
class Reader {
  readonly wire = new BookWire(MARKET);
  readonly book = wiredBook(this.wire);
  changes = 0;

  constructor() {
    this.book.onChange(() => this.changes++);
  }

  /** What a subscriber in step receives: the snapshot of an engine that starts, and increments. */
  take({ kind, start, body }: PlayedEvent): void {
    if (kind === "increment") this.wire.send("ob-inc", decoder.decode(body));
    else if (start) this.wire.send("ob-snap", decoder.decode(body));
  }

  /** What a late comer receives: one current snapshot. */
  join(book: PublishedBook): void {
    this.wire.send("ob-snap", JSON.stringify(book));
  }

  /** Asserts that the client and both views of tail have this book, text for text. */
  has(expected: PublishedBook): void {
    const { book, wire } = this;
    assert.deepEqual([book.live, wire.requested], [true, false]);
    assert.deepEqual(shownBook(book), expected);
    const line = JSON.parse(bookJson(book, ALL));
    assert.deepEqual(snapshotOf(line, line.sequence), expected);
    const screen = { columns: 80, rows: 2 * ALL + 10, colour: false };
    const { asks, bids } = expected;
    assert.deepEqual(ladderLevels(ladderLines(book, MARKET, ALL, "", screen)), { asks, bids });
    const best = ([level]: PublishedBook["asks"]) => level ? `${level[0]} × ${level[1]}` : "none";
    const start = `${MARKET}  live  sequence ${expected.sequence}  bid ${best(bids)}  ask ${
      best(asks)
    }`;
    assert.equal(bookLine(book).split("  spread")[0], start);
  }
}

Deno.test("the client's book and tail --book are the engine's at any moment of any flow", () => {
  const moment = fc.nat({ max: 20 });
  let removals = 0;
  let restarts = 0;
  fc.assert(
    fc.property(
      exchangeFlow({ market: MARKET }),
      fc.array(moment, { minLength: 1 }),
      (flow, gaps) => {
        const played = playFlow(flow);
        const reader = new Reader();
        let look = 0;
        for (const [at, event] of played.events.entries()) {
          const before = reader.changes;
          reader.take(event);
          if (event.kind === "increment") {
            assert.equal(reader.changes, before + 1);
            removals += (event.payload.asks ?? event.payload.bids)![1] === "" ? 1 : 0;
          }
          // Of a snapshot that comes ahead, the client has nothing until its increment.
          if (at < look || (event.kind === "snapshot" && !event.start)) continue;
          reader.has(event.book);
          look = at + 1 + gaps[at % gaps.length]!;
        }
        reader.has(played.book);
        restarts += played.restarts;
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(
    removals > 5 * RUNS && restarts > RUNS / 2,
    `${removals} removals, ${restarts} restarts`,
  );
});

Deno.test("late comers at any moment end with the engine's book", () => {
  fc.assert(
    fc.property(exchangeFlow({ market: MARKET }), fc.nat({ max: 200 }), (flow, when) => {
      const { events, book } = playFlow(flow);
      const late = new Reader();
      const joined = events.findLastIndex(({ kind, start }, at) =>
        at <= when && (kind === "increment" || start)
      );
      late.join(events[joined]!.book);
      late.has(events[joined]!.book);
      for (const event of events.slice(joined + 1)) late.take(event);
      late.has(book);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("levels that are deeper than a snapshot are kept", () => {
  const deep = exchangeFlow({ market: MARKET, opening: 310, maxSteps: 60 });
  let deepest = 0;
  fc.assert(
    fc.property(deep, (flow) => {
      const { events } = playFlow(flow);
      const reader = new Reader();
      for (const event of events) {
        reader.take(event);
        const { asks, bids } = reader.book.depth();
        deepest = Math.max(deepest, asks.length, bids.length);
      }
      reader.has(knownBook(events, events.length));
    }),
    { numRuns: RUNS / 16 },
  );
  assert.ok(deepest > 301, `${deepest} levels`);
});

/** Sends what the server's own state of the book says, to clients that come as time goes by. */
class Server {
  readonly #state = new OrderBookState(`${MARKET}.ob-snap`, 5000);
  readonly readers: Reader[] = [];

  join(): void {
    const reader = new Reader();
    for (const { body } of this.#state.events()) reader.wire.send("ob-snap", decoder.decode(body));
    this.readers.push(reader);
  }

  take({ kind, routingKey, body, payload }: PlayedEvent): void {
    const event = new EncodedEvent(routingKey.slice("public.".length), body);
    const outcome = kind === "snapshot"
      ? this.#state.snapshot(event, payload)
      : this.#state.increment(event, payload);
    const { divergedSnapshot } = this.#state;
    for (const { wire } of this.readers) {
      if (kind === "snapshot") {
        if (outcome === "diverged") wire.send("ob-snap", decoder.decode(body));
        continue;
      }
      if (outcome === "diverged") wire.send("ob-snap", decoder.decode(divergedSnapshot!.body));
      if (outcome === "diverged" || outcome === "applied") {
        wire.send("ob-inc", decoder.decode(body));
      }
    }
  }
}

Deno.test("whatever fails or is lost at the exchange, clients see no gap and end with its book", () => {
  const when = fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 3 });
  let faults = 0;
  fc.assert(
    fc.property(exchangeFlow({ market: MARKET, faults: true }), when, (flow, joins) => {
      const played = playFlow(flow, true);
      const server = new Server();
      server.join();
      for (const [at, event] of played.events.entries()) {
        if (joins.includes(at)) server.join();
        server.take(event);
        assert.ok(server.readers.every(({ wire }) => !wire.requested));
      }
      // Without a snapshot nothing makes up for what was lost.
      if (played.events.at(-2)!.kind !== "snapshot") return;
      faults += played.faults;
      for (const { book } of server.readers) {
        assert.equal(book.live, true);
        const { asks, bids, sequence } = shownBook(book);
        const { book: engine } = played;
        // A snapshot says nothing of what is below its last level, so a removal there that failed
        // along with its snapshot, and used no number, is known to nobody.
        const known = {
          asks: engine.asks.length ? asks.slice(0, engine.asks.length) : asks,
          bids: engine.bids.length ? bids.slice(0, engine.bids.length) : bids,
        };
        assert.deepEqual({ ...known, sequence }, engine);
      }
    }),
    { numRuns: RUNS },
  );
  assert.ok(faults > RUNS, `${faults} faults`);
});
