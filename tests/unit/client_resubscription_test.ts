import assert from "node:assert/strict";
import { type Book, connect, type Ranger, type RangerError } from "../../client/src/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeServer, ROUND_TRIP } from "../support/fake_server.ts";

const SNAPSHOT = '{"asks":[["15.0","22.1"]],"bids":[],"sequence":1}';
const INCREMENT = '{"asks":["15.5","1"],"sequence":2}';
const THREE_PARTS = '{"asks":["15.0","1","3"],"sequence":2}';
const BEYOND = '{"asks":[],"bids":[],"sequence":9007199254740993}';

/** Milliseconds after which one request follows the other, where each waits as long as it may. */
const MAX_WAITS_MS = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];

/** Milliseconds that the client may take to gather what it asks for in one message. */
const GATHERING_MS = 1000;

/** A client with one book, and the server that it is connected to. */
class Market implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly server: FakeServer = new FakeServer();
  readonly errors: RangerError[] = [];
  readonly ranger: Ranger;
  readonly book: Book;

  /** @param welcome sends what the server has for a new subscriber */
  constructor(welcome: (market: Market) => unknown) {
    this.clock.random = 1;
    this.server.onSubscribe = () => welcome(this);
    this.ranger = connect("ws://fake/public", { WebSocket: this.server.WebSocket });
    this.ranger.onError((error) => this.errors.push(error));
    this.book = this.ranger.book("btcusd", { notify: "message" });
    this.accept();
  }

  /** Lets the client in, and gives it its book. */
  accept(): void {
    this.server.accept();
    this.clock.pass(ROUND_TRIP);
  }

  /** Milliseconds between the book's subscriptions. */
  get waits(): number[] {
    return this.server.waits("btcusd.ob-inc");
  }

  snapshot(payload: string): void {
    this.server.send("btcusd.ob-snap", payload);
  }

  increment(payload: string): void {
    this.server.send("btcusd.ob-inc", payload);
  }

  [Symbol.dispose](): void {
    void this.ranger.close();
    this.clock[Symbol.dispose]();
  }
}

function assertWaits(waits: readonly number[], expected: readonly number[]): void {
  assert.equal(waits.length, expected.length, `${waits}`);
  for (const [at, wait] of waits.entries()) {
    const least = expected[at]!;
    assert.ok(wait >= least && wait <= least + GATHERING_MS, `${waits}, not ${expected}`);
  }
}

const FORMATS = {
  "an increment that cannot be read after each snapshot": [SNAPSHOT, THREE_PARTS],
  "many increments that cannot be read": [SNAPSHOT, ...Array(20).fill(THREE_PARTS)],
  "an increment that cannot be read after one that can": [
    SNAPSHOT,
    INCREMENT,
    '{"asks":["15.0","1","3"],"sequence":3}',
  ],
  "levels with three parts": ['{"asks":[["15.0","1","3"]],"bids":[],"sequence":1}', THREE_PARTS],
  "a sequence beyond 2^53": [BEYOND, '{"asks":["1","1"],"sequence":9007199254740994}'],
} as const;

for (const [format, [first, ...rest]] of Object.entries(FORMATS)) {
  Deno.test(`${format}: requested ever less often, reported once, until it can be read`, () => {
    let events: readonly [string, ...string[]] = [first, ...rest];
    using market = new Market((market) => {
      const [snapshot, ...increments] = events;
      market.snapshot(snapshot);
      for (const increment of increments) market.increment(increment);
    });
    market.clock.pass(MAX_WAITS_MS.reduce((sum, wait) => sum + wait) + GATHERING_MS);
    assertWaits(market.waits, MAX_WAITS_MS);
    assert.equal(market.book.live, false);
    assert.deepEqual(market.errors.map(({ code }) => code), ["protocol"]);
    assert.match(market.errors[0]!.message, /^The order book of btcusd could not be read/);

    events = [SNAPSHOT, INCREMENT];
    market.clock.pass(30_000 + GATHERING_MS);
    assert.equal(market.book.live, true);
    assert.equal(market.book.depth().asks.length, 2);
    const asked = market.waits.length;
    market.clock.pass(600_000);
    assert.equal(market.waits.length, asked, "nothing is requested while all is well");
    assert.equal(market.errors.length, 1);

    // A book that was well for long begins again at the first wait, and is reported again.
    market.increment('{"asks":["15.0","1","3"],"sequence":3}');
    assert.equal(market.book.live, false);
    market.clock.pass(500 + GATHERING_MS);
    assert.equal(market.book.live, true);
    assert.equal(market.waits.length, asked + 1);
    assert.equal(market.errors.length, 2);
  });
}

Deno.test("waits are a random part of the longest, so that clients do not come at once", () => {
  using market = new Market((market) => {
    market.snapshot(SNAPSHOT);
    market.increment(THREE_PARTS);
  });
  // The first wait was taken with 1.
  market.clock.random = 0.1;
  market.clock.pass(MAX_WAITS_MS.reduce((sum, wait) => sum + wait) / 10 + 450 + 9 * GATHERING_MS);
  const waits = market.waits.slice(0, MAX_WAITS_MS.length);
  assertWaits(waits, [500, ...MAX_WAITS_MS.slice(1).map((wait) => wait / 10)]);
});

Deno.test("a snapshot that can be read makes the book live while it waits", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  market.increment(THREE_PARTS);
  assert.equal(market.book.live, false);
  market.snapshot('{"asks":[],"bids":[["14.0","1"]],"sequence":2}');
  assert.equal(market.book.live, true);
  market.increment('{"bids":["14.0",""],"sequence":3}');
  assert.deepEqual(market.book.depth(), { asks: [], bids: [] });
  market.clock.pass(600_000);
  assert.deepEqual(market.waits, [], "nothing is requested");
  assert.equal(market.errors.length, 1);
});

Deno.test("a gap has the book requested at once, and gaps that follow only after a wait", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  const gap = () => market.increment('{"asks":["15.0","1"],"sequence":5}');
  market.clock.pass(60_000);
  const expected: number[] = [];
  for (const wait of [0, ...MAX_WAITS_MS.slice(1, 4)]) {
    gap();
    gap();
    assert.equal(market.book.live, false);
    market.clock.pass(wait + GATHERING_MS);
    assert.equal(market.book.live, true);
    expected.push(expected.length === 0 ? 60_000 : wait);
  }
  assertWaits(market.waits, expected);
  assert.deepEqual(market.errors, [], "the server makes it good, and nobody can do anything");

  market.clock.pass(30_000);
  gap();
  market.clock.pass(GATHERING_MS);
  assert.equal(market.book.live, true, "a book that was well for long is requested at once again");
});

Deno.test("a gap in which something cannot be read is reported", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  market.increment('{"asks":["15.0","1"],"sequence":5}');
  market.snapshot(BEYOND);
  assert.deepEqual(market.errors.map(({ stream }) => stream), ["btcusd.ob-snap"]);
});

Deno.test("whatever cannot be read while it waits does not make the wait longer", () => {
  using market = new Market((market) => market.snapshot(BEYOND));
  for (let second = 0; second < 63; second++) {
    market.clock.pass(1000);
    market.snapshot(BEYOND);
  }
  assertWaits(market.waits, MAX_WAITS_MS.slice(0, 7));
  assert.equal(market.errors.length, 1);
});

Deno.test("a book that has a snapshot now and then is well for as long as it follows", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  for (let failures = 1; failures <= 3; failures++) {
    for (let snapshots = 0; snapshots < 4; snapshots++) {
      market.clock.pass(10_000);
      market.snapshot(SNAPSHOT);
    }
    market.increment(THREE_PARTS);
    assert.equal(market.errors.length, failures);
    market.clock.pass(500 + GATHERING_MS);
    assert.equal(market.waits.length, failures);
    assert.equal(market.book.live, true);
  }
});

Deno.test("a connection that is lost ends the wait", () => {
  let has = true;
  using market = new Market((market) => has && market.snapshot(SNAPSHOT));
  market.increment(THREE_PARTS);
  has = false;
  market.clock.random = 0.1;
  market.server.cut();
  market.clock.pass(50);
  market.accept();
  assert.equal(market.book.live, false);
  market.clock.pass(60_000);
  assert.equal(market.waits.length, 1, "once by the new connection");
});

Deno.test("a book that is closed is not requested any more, even if others hold its stream", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  market.ranger.on("btcusd.ob-inc", () => {});
  market.clock.pass(GATHERING_MS);
  const asked = market.waits.length;
  market.increment(THREE_PARTS);
  market.book.close();
  market.clock.pass(60_000);
  assert.equal(market.waits.length, asked);
  assert.deepEqual(market.ranger.streams, ["btcusd.ob-inc"]);
});

Deno.test("a book that is closed by who hears of its end is not requested any more", () => {
  for (const hears of ["a change", "an error"]) {
    using market = new Market((market) => market.snapshot(SNAPSHOT));
    const close = () => market.book.live || market.book.close();
    if (hears === "a change") market.book.onChange(close);
    else market.ranger.onError(close);
    market.increment(THREE_PARTS);
    market.clock.pass(600_000);
    assert.deepEqual(market.waits, [], hears);
  }
});

Deno.test("two books of a market are requested together, and share what comes", () => {
  using market = new Market((market) => market.snapshot(SNAPSHOT));
  const second = market.ranger.book("btcusd", { notify: "message" });
  market.clock.pass(GATHERING_MS);
  const asked = market.waits.length;
  market.increment('{"asks":["15.0","1"],"sequence":5}');
  market.clock.pass(GATHERING_MS);
  assert.deepEqual([market.book.live, second.live], [true, true]);
  assert.equal(market.waits.length, asked + 1);
});
