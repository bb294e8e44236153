import fc from "fast-check";
import assert from "node:assert/strict";
import { LiveBook } from "../../client/src/book.ts";
import { parseMessage } from "../../client/src/message.ts";
import { compareDecimals, type RangerError } from "../../client/src/mod.ts";
import { OrderBook } from "../../client/src/order_book.ts";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { OrderBookState } from "../../src/hub/stream_state.ts";
import { OrderBook as ServerOrderBook } from "../../src/hub/order_book.ts";
import { BookWire, shownBook, wiredBook } from "../support/book_wire.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FrameReader } from "../../testing/frames.ts";
import {
  arbitraryChange,
  type BookPayload,
  type BookSnapshot,
  type Change,
  ModelBook,
  scaled,
  worthOf,
} from "../support/model_book.ts";
import { ORDER_BOOK_CASES, UNREADABLE } from "../support/order_book_cases.ts";

/** What an exchange does, what happens on the way, and what becomes of the connection. */
type Step =
  | { readonly does: "increment"; readonly change: Change }
  | { readonly does: "snapshot" }
  /** The server never gets it. */
  | { readonly does: "lose"; readonly change: Change }
  /** The client never gets it. */
  | { readonly does: "drop"; readonly change: Change }
  | { readonly does: "reconnect" }
  /** The server answers what the book asked for. */
  | { readonly does: "answer" };

const changing = (does: "increment" | "lose" | "drop"): fc.Arbitrary<Step> =>
  fc.record({ does: fc.constant(does), change: arbitraryChange });
const plain = (...names: ("snapshot" | "reconnect" | "answer")[]): fc.Arbitrary<Step> =>
  fc.constantFrom(...names).map((does) => ({ does }));

function way(...rare: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> {
  const often = { arbitrary: changing("increment"), weight: 5 * rare.length };
  return fc.array(fc.oneof(often, ...rare.map((arbitrary) => ({ arbitrary, weight: 1 }))), {
    minLength: 30,
    maxLength: 80,
  });
}

/** A server's feed, and one client's book at the other end of a wire. */
class Wire extends BookWire {
  readonly feed = new OrderBookState("usdbtc.ob-snap", 5000);

  constructor() {
    super("usdbtc");
  }

  override greet(): void {
    super.greet();
    for (const event of this.feed.events()) this.sendPayload("ob-snap", payloadOf(event));
  }

  sendPayload(event: "ob-snap" | "ob-inc", payload: BookPayload): void {
    this.send(event, JSON.stringify(payload));
  }
}

function parse<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function encoded(payload: BookPayload): EncodedEvent {
  return new EncodedEvent("usdbtc.ob", new TextEncoder().encode(JSON.stringify(payload)));
}

function payloadOf(event: EncodedEvent): BookSnapshot {
  const reader = new FrameReader();
  reader.add(event.frame({ envelope: "object", deflate: undefined }));
  return JSON.parse(new TextDecoder().decode(reader.frame()!.payload))["usdbtc.ob-snap"];
}

function play(first: number | undefined, steps: readonly Step[]): { book: LiveBook; wire: Wire } {
  using clock = new FakeClock();
  const wire = new Wire();
  const exchange = new ModelBook();
  exchange.sequence = first;
  const snapshot = () => {
    const payload = exchange.snapshot();
    const outcome = wire.feed.snapshot(encoded(payload), parse(payload));
    if (outcome === "diverged") wire.sendPayload("ob-snap", payload);
  };
  snapshot();
  const book = wiredBook(wire);
  let changes = 0;
  book.onChange(() => changes++);
  for (const step of steps) {
    const payload = "change" in step
      ? exchange.sequence === undefined
        ? step.change
        : { ...step.change, sequence: exchange.sequence + 1 }
      : undefined;
    if (payload) exchange.apply(payload);
    if (payload && step.does !== "lose") {
      const applied = wire.feed.increment(encoded(payload), parse(payload)) === "applied";
      const before = changes;
      const wasLive = book.live;
      if (applied && step.does === "increment") {
        wire.sendPayload("ob-inc", payload);
        assert.equal(changes - before, wasLive ? 1 : 0, "one change for each message");
      }
    } else if (step.does === "snapshot") {
      snapshot();
    } else if (step.does === "reconnect") {
      book.lost();
      assert.equal(book.live, false);
      wire.greet();
    } else if (step.does === "answer") {
      clock.pass(5_000);
      if (wire.requested) wire.greet();
    }
    if (step.does === "snapshot" && book.live && !wire.requested && first === undefined) {
      assert.deepEqual(worthOf(shownBook(book)), worthOf(exchange.snapshot()));
    }
  }
  // Whatever happened, one more event shows what is missing, and the server makes it good.
  const last = exchange.sequence === undefined ? {} : { sequence: exchange.sequence + 1 };
  exchange.apply(last);
  if (wire.feed.increment(encoded(last), parse(last)) === "applied") {
    wire.sendPayload("ob-inc", last);
  }
  snapshot();
  clock.pass(30_000);
  if (wire.requested) wire.greet();
  assert.equal(book.live, true);
  assert.deepEqual(worthOf(shownBook(book)), worthOf(exchange.snapshot()));
  return { book, wire };
}

Deno.test("a book follows the exchange's through whatever is lost, and through reconnects", () => {
  const faults = way(
    changing("lose"),
    changing("drop"),
    plain("snapshot"),
    plain("reconnect"),
    plain("answer"),
  );
  fc.assert(fc.property(fc.nat(9), faults, (first, steps) => void play(first, steps)), {
    numRuns: 300,
  });
});

Deno.test("a book follows an exchange that does not count, as long as all arrives", () => {
  const steps = way(plain("snapshot"), plain("reconnect"));
  fc.assert(fc.property(steps, (steps) => void play(undefined, steps)), { numRuns: 100 });
});

Deno.test("totals, best prices and the spread are exact, and in the server's own words", () => {
  fc.assert(
    fc.property(
      fc.nat(9),
      way(plain("snapshot")),
      fc.integer({ min: 1, max: 5 }),
      (at, steps, n) => {
        const { book } = play(at, steps);
        const whole = book.depth();
        assert.deepEqual(book.depth(n), {
          asks: whole.asks.slice(0, n),
          bids: whole.bids.slice(0, n),
        });
        for (const levels of [whole.asks, whole.bids]) {
          let total = 0n;
          for (const level of levels) {
            total += scaled(level.amount);
            assert.equal(scaled(level.total), total);
          }
        }
        const [ask, bid] = [whole.asks[0], whole.bids[0]];
        assert.deepEqual([book.bestAsk, book.bestBid], [ask, bid]);
        if (ask && bid) assert.equal(scaled(book.spread!), scaled(ask.price) - scaled(bid.price));
        else assert.equal(book.spread, undefined);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("what cannot be read leaves the book as it is, and has it requested later", () => {
  using clock = new FakeClock();
  const wire = new Wire();
  const errors: RangerError[] = [];
  const failed = (error: RangerError) => void errors.push(error);
  const book = wiredBook(wire, failed);
  assert.equal(book.live, false);
  wire.sendPayload("ob-inc", { asks: ["1", "1"] });
  assert.deepEqual(book.depth(), { asks: [], bids: [] }, "nothing is applied to nothing");
  const snapshot: BookSnapshot = { asks: [["15.0", "1.50"]], bids: [], sequence: 1 };
  wire.sendPayload("ob-snap", snapshot);
  const before = book.depth();
  assert.deepEqual(before.asks, [{ price: "15.0", amount: "1.50", total: "1.50" }]);
  for (const event of ["ob-inc", "ob-snap"] as const) {
    for (const text of UNREADABLE) {
      for (const _ of "ab") wire.send(event, text);
      assert.deepEqual(book.depth(), before, text);
      assert.deepEqual([book.live, wire.requested], [false, false], text);
      clock.pass(500);
      assert.equal(wire.requested, true, text);
      wire.requested = false;
      assert.deepEqual(errors.splice(0).map(({ code, stream }) => [code, stream]), [
        ["protocol", `usdbtc.${event}`],
      ], text);
      wire.sendPayload("ob-snap", snapshot);
      assert.equal(book.live, true);
      clock.pass(30_001);
      assert.equal(wire.requested, false);
    }
  }
});

for (const { name, steps, asks, bids, sequence } of ORDER_BOOK_CASES) {
  Deno.test(`a client's book: ${name}`, () => {
    using _clock = new FakeClock();
    const wire = new Wire();
    const errors: RangerError[] = [];
    const failed = (error: RangerError) => void errors.push(error);
    const book = wiredBook(wire, failed);
    for (const [event, payload, outcome = "current"] of steps) {
      wire.send(event === "snapshot" ? "ob-snap" : "ob-inc", payload);
      assert.equal(book.live, outcome === "current", payload);
      assert.equal(wire.requested, outcome === "gap", payload);
      assert.equal(errors.length, outcome === "unreadable" ? 1 : 0, payload);
    }
    assert.deepEqual(shownBook(book), {
      asks,
      bids,
      ...(sequence === undefined ? {} : { sequence }),
    });
  });
}

Deno.test("client and server agree on what can be read", () => {
  const number = fc.constantFrom<unknown>("1.50", 2, "0", "1e3", "x", "", null, true);
  const pair = fc.array(number, { maxLength: 3 });
  const side = fc.oneof(
    fc.array(fc.constant(["1", "2"]), { maxLength: 2 }),
    fc.array(pair, { maxLength: 2 }),
    pair,
    number,
  );
  const book = fc.record(
    {
      asks: side,
      bids: side,
      sequence: fc.constantFrom<unknown>(7, 0, -1, 7.5, 2 ** 53, "7", "-7", "7.5", "", null),
    },
    { requiredKeys: [] },
  );
  const payload = fc.oneof({ arbitrary: book, weight: 9 }, side);
  let read = 0;
  fc.assert(
    fc.property(payload, (payload) => {
      // Other forms of a book are replayed to clients, which cannot read them either.
      const snapshot = !["foreign", "unusable"].includes(new ServerOrderBook().replace(payload));
      assert.equal(new OrderBook().replace(payload), snapshot, "as a snapshot");
      const increment = new ServerOrderBook().apply(payload) !== "unusable";
      assert.equal(new OrderBook().apply(payload) !== undefined, increment, "as an increment");
      if (snapshot) read++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 100, `${read} could be read`);
});

/** A value with the numbers in its arrays as texts. */
function quoted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((one) => typeof one === "number" ? JSON.stringify(one) : quoted(one));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, quoted(one)]));
}

Deno.test("of an order book, numbers in lists become texts, and nothing else changes", () => {
  const text = fc.string({ unit: fc.constantFrom(...'[],1"\\ {}:-.e') });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1.5, -0.25, 1e21, 7),
      text,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  }));
  const space = fc.constantFrom(undefined, 1, "\t");
  fc.assert(
    fc.property(value, space, (payload, space) => {
      // JSON has neither -0 nor what cannot be a key.
      const json = JSON.stringify(payload, null, space);
      const plain = JSON.parse(json);
      for (const stream of ["btcusd.ob-inc", "btcusd.ob-snap"]) {
        assert.deepEqual(parseMessage(`{"${stream}":${json}}`), { [stream]: quoted(plain) });
      }
      for (const stream of ["btcusd.kline-1m", "global.tickers", "ob-inc"]) {
        assert.deepEqual(parseMessage(`{"${stream}":${json}}`), { [stream]: plain });
      }
    }),
    { numRuns: 1000 },
  );
  assert.throws(() => parseMessage('{"btcusd.ob-inc":[1'), SyntaxError);
});

Deno.test("a book tells of its changes when a frame is drawn, once a frame at most", () => {
  const frames = new Map<number, () => void>();
  const draw = () => {
    const drawn = [...frames.values()];
    frames.clear();
    for (const action of drawn) action();
    return drawn.length;
  };
  let last = 0;
  Object.assign(globalThis, {
    requestAnimationFrame: (action: () => void) => (frames.set(++last, action), last),
    cancelAnimationFrame: (id: number) => frames.delete(id),
  });
  try {
    const wire = new Wire();
    const book = new LiveBook("usdbtc", {}, wire, assert.ifError, () => {});
    let told = 0;
    book.onChange(() => told++);
    let sequence = 0;
    wire.sendPayload("ob-snap", { asks: [], bids: [], sequence });
    for (let frame = 1; frame <= 3; frame++) {
      for (let n = 1; n <= 100; n++) {
        wire.sendPayload("ob-inc", { asks: [`${n}`, `${frame}`], sequence: ++sequence });
      }
      assert.equal(told, frame - 1, "nothing between two frames");
      assert.equal(draw(), 1, "one question for each frame");
      assert.equal(told, frame);
    }
    assert.equal(draw(), 0, "without changes nothing is drawn");
    wire.sendPayload("ob-inc", { asks: ["1", "0"], sequence: ++sequence });
    book.close();
    assert.equal(draw(), 0, "a book that is closed tells nothing");
  } finally {
    Reflect.deleteProperty(globalThis, "requestAnimationFrame");
    Reflect.deleteProperty(globalThis, "cancelAnimationFrame");
  }
});

Deno.test("decimals are compared as numbers, however they are spelt", () => {
  const prices = ["10.00000000000000001", "9.9", "10.0", "-1", "0.1e-7", "0.00000002", "2e3"];
  assert.deepEqual(prices.toSorted(compareDecimals), [
    "-1",
    "0.1e-7",
    "0.00000002",
    "9.9",
    "10.0",
    "10.00000000000000001",
    "2e3",
  ]);
  assert.equal(compareDecimals("1.50", 1.5), 0);
  assert.throws(() => compareDecimals("1", "+0.00%"), /"\+0\.00%" is not a decimal number/);
});
