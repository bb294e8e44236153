import assert from "node:assert/strict";
import fc from "fast-check";
import { BookPublisher, type PublishedBook } from "../../src/source/simulator/book_publisher.ts";
import type { EngineOrder, Side } from "../../src/source/simulator/book_side.ts";
import { bigDecimal } from "../../src/source/simulator/decimal.ts";
import { PeatioEngine } from "../../src/source/simulator/engine.ts";
import { exchangeFlow, knownBook, playFlow } from "../support/exchange_flow.ts";
import { scaled } from "../support/model_book.ts";
import { type IncrementPayload, readPeatioRecording } from "../support/peatio_recording.ts";

const MARKET = { id: "m", pricePrecision: 1, amountPrecision: 1 };

/** An engine with a clock and a publisher of the test's own. */
function exchange(snapshots = {}) {
  const events: string[] = [];
  const world = { now: 0, failing: false };
  let id = 0;
  const engine = new PeatioEngine({
    market: MARKET,
    now: () => world.now,
    snapshots,
    publish: (key, payload) => {
      if (world.failing) throw new Error("no broker");
      events.push(`${key.replace("public.m.ob-", "")} ${JSON.stringify(payload)}`);
    },
  });
  return {
    engine,
    world,
    /** What was published since the last call. */
    published: () => events.splice(0),
    limit(side: Side, price: number, remaining: number): EngineOrder {
      const order: EngineOrder = { id: ++id, side, type: "limit", price, remaining };
      engine.submit(order);
      return order;
    },
    market(side: Side, remaining: number, locked?: bigint): EngineOrder {
      const order: EngineOrder = { id: ++id, side, type: "market", price: 0, remaining };
      if (locked !== undefined) order.locked = locked;
      engine.submit(order);
      return order;
    },
  };
}

Deno.test("the engine starts with a snapshot of sequence 1, and increments count from 2", () => {
  const { engine, limit, published } = exchange();
  limit("sell", 150, 221);
  assert.deepEqual(published(), []);
  engine.start();
  assert.deepEqual(published(), ['snap {"asks":[["15.0","22.1"]],"bids":[],"sequence":1}']);
  limit("buy", 140, 5);
  limit("buy", 140, 5);
  assert.deepEqual(published(), [
    'inc {"bids":["14.0","0.5"],"sequence":2}',
    'inc {"bids":["14.0","1.0"],"sequence":3}',
  ]);
});

Deno.test("a level that goes is published with an empty amount", () => {
  const { engine, limit, published } = exchange();
  const [order, other] = [limit("sell", 150, 221), limit("sell", 150, 4)];
  limit("buy", 140, 10);
  engine.start();
  published();
  assert.equal(engine.cancel(order), true);
  assert.equal(engine.cancel(other), true);
  limit("sell", 140, 10);
  assert.deepEqual(published(), [
    'inc {"asks":["15.0","0.4"],"sequence":2}',
    'inc {"asks":["15.0",""],"sequence":3}',
    'inc {"bids":["14.0",""],"sequence":4}',
  ]);
});

Deno.test("an order that fills several calls back for each fill, and then for what remains", () => {
  const { engine, limit, published } = exchange();
  for (const amount of [10, 20, 30]) limit("sell", 150, amount);
  limit("sell", 151, 5);
  engine.start();
  published();
  limit("buy", 152, 70);
  assert.deepEqual(published(), [
    'inc {"asks":["15.0","5.0"],"sequence":2}',
    'inc {"asks":["15.0","3.0"],"sequence":3}',
    'inc {"asks":["15.0",""],"sequence":4}',
    'inc {"asks":["15.1",""],"sequence":5}',
    'inc {"bids":["15.2","0.5"],"sequence":6}',
  ]);
});

Deno.test("orders of one price trade in the order of their arrival", () => {
  const { engine, limit } = exchange();
  const [first, second] = [limit("sell", 150, 10), limit("sell", 150, 10)];
  const fills = engine.submit({ id: 9, side: "buy", type: "limit", price: 150, remaining: 12 });
  assert.deepEqual(fills, [
    { maker: first, price: 150, amount: 10 },
    { maker: second, price: 150, amount: 2 },
  ]);
  assert.equal(second.remaining, 8);
});

Deno.test("cancelling an order that is gone publishes its level as it is", () => {
  const { engine, limit, published } = exchange();
  const order = limit("sell", 150, 10);
  limit("buy", 150, 10);
  engine.start();
  published();
  assert.equal(engine.cancel(order), false);
  limit("sell", 150, 7);
  assert.equal(engine.cancel(order), false);
  assert.deepEqual(published(), [
    'inc {"asks":["15.0",""],"sequence":2}',
    'inc {"asks":["15.0","0.7"],"sequence":3}',
    'inc {"asks":["15.0","0.7"],"sequence":4}',
  ]);
});

Deno.test("a market order to buy stops where its money does not pay the next trade whole", () => {
  const { engine, limit, market, published } = exchange();
  limit("sell", 150, 10);
  limit("sell", 160, 10);
  limit("buy", 140, 3);
  engine.start();
  published();
  assert.equal(market("buy", 20, 150n * 10n + 160n * 9n).remaining, 10);
  assert.equal(market("buy", 20).remaining, 20);
  assert.equal(market("sell", 20).remaining, 17);
  assert.deepEqual(published(), [
    'inc {"asks":["15.0",""],"sequence":2}',
    'inc {"bids":["14.0",""],"sequence":3}',
  ]);
  assert.deepEqual(engine.book, { asks: [["16.0", "1.0"]], bids: [], sequence: 3 });
});

Deno.test("a snapshot has the change of the increment after it, and the sequence before it", () => {
  const { engine, limit, world, published } = exchange();
  engine.start();
  limit("sell", 150, 10);
  published();
  world.now = 60_000;
  limit("sell", 150, 5);
  assert.deepEqual(published(), [
    'snap {"asks":[["15.0","1.5"]],"bids":[],"sequence":2}',
    'inc {"asks":["15.0","1.5"],"sequence":3}',
  ]);
});

Deno.test("snapshots come after 60 seconds, or after 10 with 20 increments, with an increment", () => {
  const { engine, limit, world, published } = exchange();
  engine.start();
  published();
  const place = () => (limit("sell", 150, 1), published().length === 2);
  world.now = 59_999;
  assert.equal(place(), false);
  world.now = 60_000;
  assert.equal(place(), true);
  // The increment after a snapshot counts already.
  for (let count = 2; count <= 20; count++) assert.equal(place(), false);
  world.now = 70_000;
  assert.equal(place(), false);
  world.now = 70_001;
  assert.equal(place(), true);
  world.now = 90_000;
  assert.equal(place(), false);
  world.now = 9_000_000;
  assert.deepEqual(published(), []);
});

Deno.test("a snapshot has at most 301 levels a side, the best ones", () => {
  const { engine, limit, published } = exchange();
  for (let n = 0; n < 303; n++) {
    limit("sell", 1_000 + n, 1);
    limit("buy", 999 - n, 1);
  }
  engine.start();
  const { asks, bids } = JSON.parse(published()[0]!.slice("snap ".length));
  assert.deepEqual([asks.length, asks[0][0], asks[300][0]], [301, "100.0", "130.0"]);
  assert.deepEqual([bids.length, bids[0][0], bids[300][0]], [301, "99.9", "69.9"]);
  assert.equal(engine.book.asks.length, 303);
});

Deno.test("an engine that starts again counts from 1, with the orders that wait", () => {
  const { engine, limit, published } = exchange();
  engine.start();
  for (let n = 0; n < 5; n++) limit("buy", 140, 2);
  published();
  engine.stop();
  limit("sell", 150, 1);
  engine.start();
  limit("sell", 150, 1);
  engine.restart();
  assert.deepEqual(published(), [
    'snap {"asks":[["15.0","0.1"]],"bids":[["14.0","1.0"]],"sequence":1}',
    'inc {"asks":["15.0","0.2"],"sequence":2}',
    'snap {"asks":[["15.0","0.2"]],"bids":[["14.0","1.0"]],"sequence":1}',
  ]);
});

Deno.test("an increment that fails has used its number, one whose snapshot fails uses none", () => {
  const { engine, limit, world, published } = exchange();
  engine.start();
  published();
  world.failing = true;
  limit("sell", 150, 1);
  world.failing = false;
  limit("sell", 150, 1);
  assert.deepEqual(published(), ['inc {"asks":["15.0","0.2"],"sequence":3}']);
  world.now = 60_000;
  world.failing = true;
  limit("sell", 150, 1);
  world.failing = false;
  limit("buy", 140, 1);
  assert.deepEqual(published(), ['inc {"bids":["14.0","0.1"],"sequence":4}']);
});

Deno.test("numbers are written as Ruby's BigDecimal writes them", () => {
  const written = [[0, 2], [5, 0], [100, 2], [100190, 2], [1, 8], [120, 3], [12345678901, 8]]
    .map(([units, precision]) => bigDecimal(units!, precision!));
  assert.deepEqual(written, ["0.0", "5.0", "1.0", "1001.9", "0.00000001", "0.12", "123.45678901"]);
});

Deno.test("in every flow, the events say what the engine's book is", () => {
  fc.assert(
    fc.property(exchangeFlow(), (flow) => {
      const { events, book } = playFlow(flow);
      assert.deepEqual(knownBook(events, events.length), book);
      events.forEach((event, at) => {
        if (event.kind === "increment") {
          assert.deepEqual(knownBook(events, at + 1), event.book);
          // One pair, and one number after the event before.
          assert.equal(event.payload.sequence, events[at - 1]!.payload.sequence + 1);
        } else {
          assert.equal(event.start, event.payload.sequence === 1 && (at === 0 || event.start));
          assert.deepEqual(event.payload, event.book);
          if (event.start) return;
          assert.equal(events[at + 1]?.kind, "increment", "a snapshot in a quiet market");
          const { asks, bids } = events[at + 1]!.book;
          assert.deepEqual({ asks, bids }, { asks: event.payload.asks, bids: event.payload.bids });
        }
        assertOrdered(event.book);
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("whatever was lost, the snapshots at the end of a settled flow say it", () => {
  let faults = 0;
  fc.assert(
    fc.property(exchangeFlow({ faults: true }), (flow) => {
      const { events, book, ...played } = playFlow(flow, true);
      faults += played.faults;
      const [snapshot, increment] = events.slice(-2);
      assert.deepEqual([snapshot?.kind, increment?.kind], ["snapshot", "increment"]);
      assert.deepEqual({ ...snapshot!.payload, sequence: increment!.payload.sequence }, book);
    }),
    { numRuns: 100 },
  );
  assert.ok(faults > 100);
});

Deno.test("flows have removals, fills of several orders, snapshots ahead and restarts", () => {
  const seen = { removals: 0, increments: 0, ahead: 0, restarts: 0 };
  for (const flow of fc.sample(exchangeFlow(), 100)) {
    const { events, restarts } = playFlow(flow);
    seen.restarts += restarts;
    for (const { kind, payload, start } of events) {
      if (kind === "snapshot") seen.ahead += start ? 0 : 1;
      else {
        seen.increments += 1;
        if ((payload.asks ?? payload.bids)![1] === "") seen.removals += 1;
      }
    }
  }
  assert.ok(seen.removals > seen.increments / 6, JSON.stringify(seen));
  assert.ok(seen.ahead > 100 && seen.restarts > 100, JSON.stringify(seen));
});

Deno.test("driven with the changes of the recording, it publishes what the real engine did", async () => {
  const { market, pricePrecision, amountPrecision, events, books, restart } =
    await readPeatioRecording();
  const ticks = (text: string) => units(text, pricePrecision);
  const lots = (text: string) => units(text, amountPrecision);
  const sides = { asks: new Levels(1), bids: new Levels(-1) };
  // What the engine had below the 301 levels of its first snapshot shows later, in a snapshot or in
  // the book before the restart, unless an increment speaks of it first. That of a snapshot's own
  // change comes after it.
  const heard = { asks: new Set<string>(), bids: new Set<string>() };
  const before = events.slice(0, restart);
  before.forEach(({ kind, payload }, at) => {
    const change = before[at + 1];
    if (kind === "increment") hear(payload);
    else {
      if (at > 0 && change?.kind === "increment") hear(change.payload);
      show(payload);
    }
  });
  show(books[0]!);
  function hear({ asks, bids }: IncrementPayload): void {
    if (asks !== undefined) heard.asks.add(asks[0]);
    else heard.bids.add(bids[0]);
  }
  function show(book: Pick<PublishedBook, "asks" | "bids">): void {
    for (const side of ["asks", "bids"] as const) {
      for (const [price, amount] of book[side]) {
        if (!heard[side].has(price)) sides[side].set(ticks(price), lots(amount));
        heard[side].add(price);
      }
    }
  }

  let now = 0;
  const published: string[] = [];
  const publisher = new BookPublisher(sidesOf(sides), {
    market: { id: market, pricePrecision, amountPrecision },
    now: () => now,
    publish: (key, payload) => void published.push(`${key} ${JSON.stringify(payload)}`),
    // The recorded engine published its snapshots when its clock was set forward.
    snapshots: { minIncrements: 0, minPeriod: 0 },
  });
  publisher.start();
  events.forEach(({ kind, payload }, at) => {
    if (kind === "snapshot") {
      if (at === restart) publisher.start();
      else if (at > 0) now += 1;
      return;
    }
    const side = payload.asks === undefined ? "bids" : "asks";
    const [price, amount] = payload.asks ?? payload.bids;
    const total = amount === "" ? undefined : lots(amount);
    sides[side].set(ticks(price), total);
    publisher.change({
      side: side === "asks" ? "sell" : "buy",
      price: ticks(price),
      amount: total,
    });
    if (at + 1 === books[0]!.afterEvents) assertBook(publisher.book(), books[0]!);
  });
  const decoder = new TextDecoder();
  assert.equal(published.length, events.length);
  events.forEach(({ routingKey, body }, at) =>
    assert.equal(published[at], `${routingKey} ${decoder.decode(body)}`, `event ${at}`)
  );
  assertBook(publisher.book(), books[1]!);
});

/** Levels of a side by their totals, without orders. */
class Levels {
  readonly levels: { price: number; amount: number }[] = [];

  constructor(private readonly direction: 1 | -1) {}

  set(price: number, amount: number | undefined): void {
    const rest = this.levels.filter((level) => level.price !== price);
    if (amount !== undefined) rest.push({ price, amount });
    rest.sort((a, b) => (a.price - b.price) * this.direction);
    this.levels.splice(0, Infinity, ...rest);
  }
}

function sidesOf({ asks, bids }: { asks: Levels; bids: Levels }) {
  return { asks: asks.levels, bids: bids.levels };
}

function assertBook(
  { asks, bids }: PublishedBook,
  expected: Pick<PublishedBook, "asks" | "bids">,
): void {
  assert.deepEqual({ asks, bids }, { asks: expected.asks, bids: expected.bids });
}

/** A decimal text in units of its last digit. */
function units(text: string, precision: number): number {
  const [whole = "", fraction = ""] = text.split(".");
  return Number(whole + fraction.padEnd(precision, "0"));
}

function assertOrdered({ asks, bids }: PublishedBook): void {
  const prices = [...bids.toReversed(), ...asks].map(([price]) => scaled(price));
  for (let n = 1; n < prices.length; n++) {
    assert.ok(prices[n - 1]! < prices[n]!, "the book crosses");
  }
}
