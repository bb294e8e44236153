import fc from "fast-check";
import assert from "node:assert/strict";
import { EncodedEvent } from "../src/hub/envelope.ts";
import { OrderBookFeed } from "../src/hub/feed.ts";
import { OrderBook } from "../src/hub/order_book.ts";
import { FrameReader } from "./support/frames.ts";
import {
  arbitraryChange,
  type BookPayload,
  type BookSnapshot,
  type Change,
  ModelBook,
  worthOf,
} from "./support/model_book.ts";

/** What an exchange does, and what happens to it on the way. */
type Step =
  | { readonly does: "increment"; readonly change: Change }
  | { readonly does: "snapshot"; readonly depth: number }
  | { readonly does: "join" }
  | { readonly does: "lose"; readonly change: Change }
  | { readonly does: "repeat"; readonly back: number }
  | { readonly does: "restart"; readonly change: Change };

const increment = fc.record({ does: fc.constant("increment" as const), change: arbitraryChange });
const join = fc.record({ does: fc.constant("join" as const) });
const snapshotOf = (depth: fc.Arbitrary<number>) =>
  fc.record({ does: fc.constant("snapshot" as const), depth });
const lose = fc.record({ does: fc.constant("lose" as const), change: arbitraryChange });
const repeat = fc.record({
  does: fc.constant("repeat" as const),
  back: fc.integer({ min: 1, max: 9 }),
});
const restart = fc.record({ does: fc.constant("restart" as const), change: arbitraryChange });

const whole = snapshotOf(fc.constant(Infinity));
const cut = snapshotOf(fc.integer({ min: 1, max: 6 }));

/** A way of the exchange: often increments, the other steps now and then. */
function way(...others: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.oneof(
      { arbitrary: increment as fc.Arbitrary<Step>, weight: 4 * others.length },
      ...others.map((arbitrary) => ({ arbitrary, weight: 2 })),
    ),
    { minLength: 40, maxLength: 120 },
  );
}

function parse<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("a book is at each moment what a plain map of the same events is", () => {
  let events = 0;
  const firsts = fc.option(fc.nat(), { nil: undefined });
  fc.assert(
    fc.property(firsts, way(whole), (first, steps) => {
      const book = new OrderBook();
      const model = new ModelBook();
      model.sequence = first;
      book.replace(parse(model.snapshot()));
      for (const step of steps) {
        events++;
        if (step.does === "increment") {
          const payload = numbered(model, step.change);
          model.apply(payload);
          assert.equal(book.apply(parse(payload)), "applied");
        } else {
          assert.equal(book.replace(parse(model.snapshot())), "in step");
        }
        assert.deepEqual(parse(book), model.snapshot());
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(events > 4000, `${events} events`);
});

Deno.test("a random increment is taken exactly when its number follows", () => {
  const sequences = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), arbitraryChange), {
    minLength: 30,
    maxLength: 60,
  });
  fc.assert(
    fc.property(sequences, (increments) => {
      const book = new OrderBook();
      const model = new ModelBook();
      model.sequence = 3;
      book.replace(model.snapshot());
      for (const [sequence, change] of increments) {
        const last: number = model.sequence!;
        const outcome = book.apply(parse({ ...change, sequence }));
        assert.equal(
          outcome,
          sequence <= last ? "stale" : sequence === last + 1 ? "applied" : "gap",
        );
        if (outcome === "applied") model.apply({ ...change, sequence });
        assert.deepEqual(parse(book), model.snapshot());
      }
    }),
    { numRuns: 200 },
  );
});

/** Everyone who follows a book's increments, as the hub serves them. */
class Followers {
  readonly feed = new OrderBookFeed("usdbtc.ob-snap", 1000);
  readonly books: ModelBook[] = [];
  /** Snapshots sent to those who followed already. */
  resyncs = 0;

  join(): void {
    const current = this.feed.current().map(payloadOf);
    assert.equal(current.length, this.feed.live ? 1 : 0);
    const book = new ModelBook();
    if (current[0]) book.replace(current[0]);
    this.books.push(book);
  }

  snapshot(payload: BookSnapshot): void {
    if (this.feed.snapshot(encoded(payload), parse(payload)) !== "diverged") return;
    this.resyncs++;
    for (const book of this.books) book.replace(payload);
  }

  increment(payload: BookPayload): void {
    if (this.feed.increment(encoded(payload), parse(payload)) !== "applied") return;
    for (const book of this.books) {
      if (payload.sequence !== undefined) assert.equal(payload.sequence, book.sequence! + 1);
      book.apply(payload);
    }
  }
}

function encoded(payload: BookPayload): EncodedEvent {
  return new EncodedEvent("usdbtc.ob", new TextEncoder().encode(JSON.stringify(payload)));
}

/** What a client reads of an `ob-snap`. */
function payloadOf(event: EncodedEvent): BookSnapshot {
  const reader = new FrameReader();
  reader.add(event.frame({ envelope: "object", deflate: undefined }));
  return JSON.parse(new TextDecoder().decode(reader.frame()!.payload))["usdbtc.ob-snap"];
}

function numbered(model: ModelBook, change: Change): BookPayload {
  return model.sequence === undefined ? change : { ...change, sequence: model.sequence + 1 };
}

/** Lets the steps happen; `after` is called after each snapshot that was published. */
function play(
  steps: readonly Step[],
  first: number | undefined,
  after: (followers: Followers, published: BookSnapshot, exchange: ModelBook) => void,
): Followers {
  const followers = new Followers();
  const exchange = new ModelBook();
  const published: BookPayload[] = [];
  exchange.sequence = first;
  const change = (payload: BookPayload) => {
    exchange.apply(payload);
    published.push(payload);
    return payload;
  };
  for (const step of steps) {
    switch (step.does) {
      case "join":
        followers.join();
        break;
      case "increment":
        followers.increment(change(numbered(exchange, step.change)));
        break;
      case "lose":
        change(numbered(exchange, step.change));
        break;
      case "repeat": {
        const old = published.at(-step.back);
        if (old) followers.increment(old);
        break;
      }
      case "restart":
        exchange.apply(step.change);
        if (first !== undefined) exchange.sequence = 0;
        break;
      case "snapshot": {
        const snapshot = exchange.snapshot(step.depth);
        followers.snapshot(snapshot);
        after(followers, snapshot, exchange);
      }
    }
  }
  return followers;
}

Deno.test("followers of an exchange that loses nothing are given one snapshot, and stay right", () => {
  fc.assert(
    fc.property(fc.option(fc.nat(), { nil: undefined }), way(whole, join), (first, steps) => {
      const { resyncs } = play(steps, first, ({ books }, _, exchange) => {
        for (const book of books) assert.deepEqual(book.snapshot(), exchange.snapshot());
      });
      assert.ok(resyncs <= 1, `${resyncs} snapshots`);
    }),
    { numRuns: 100 },
  );
});

Deno.test("after each snapshot all followers have its levels, also where it is cut off", () => {
  fc.assert(
    fc.property(fc.nat(), way(cut, join, lose, repeat, restart), (first, steps) => {
      play(steps, first, ({ books }, published) => {
        const depth = { asks: published.asks.length, bids: published.bids.length };
        for (const book of books) {
          const { asks, bids, sequence } = worthOf(book.snapshot());
          assert.deepEqual(
            { asks: asks.slice(0, depth.asks), bids: bids.slice(0, depth.bids), sequence },
            worthOf(published),
          );
        }
      });
    }),
    { numRuns: 100 },
  );
});

Deno.test("whatever was lost, repeated or begun anew, the next snapshot sets all right", () => {
  const faults = way(whole, join, lose, repeat, restart);
  fc.assert(
    fc.property(fc.option(fc.nat({ max: 9 }), { nil: undefined }), faults, (first, steps) => {
      play(steps, first, ({ feed, books }, published) => {
        assert.equal(feed.live, true);
        assert.deepEqual(feed.current().map(payloadOf), [published]);
        for (const book of books) {
          assert.deepEqual(worthOf(book.snapshot()), worthOf(published));
        }
      });
    }),
    { numRuns: 200 },
  );
});
