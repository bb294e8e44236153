import fc from "fast-check";
import assert from "node:assert/strict";
import { EncodedEvent } from "../../src/hub/envelope.ts";
import { OrderBookState } from "../../src/hub/stream_state.ts";
import { OrderBook } from "../../src/hub/order_book.ts";
import { FrameReader } from "../../testing/frames.ts";
import {
  arbitraryChange,
  type BookPayload,
  type BookSnapshot,
  type Change,
  ModelBook,
  type ModelLevel,
  scaled,
  worthOf,
} from "../support/model_book.ts";

/** What an exchange does, and what happens to it on the way. */
type Step =
  | { readonly does: "increment"; readonly change: Change }
  | { readonly does: "snapshot"; readonly depth: number }
  /** As Peatio does it: the sequence of now, and the next change, which comes behind, already. */
  | {
    readonly does: "ahead";
    readonly depth: number;
    readonly change: Change;
    readonly between: "nothing" | "join" | "repeat" | "another";
  }
  | { readonly does: "join" }
  | { readonly does: "lose"; readonly change: Change }
  | { readonly does: "repeat"; readonly back: number }
  | { readonly does: "restart"; readonly change: Change };

const increment = fc.record({ does: fc.constant("increment" as const), change: arbitraryChange });
const join = fc.record({ does: fc.constant("join" as const) });
const snapshotOf = (depth: fc.Arbitrary<number>) =>
  fc.record({ does: fc.constant("snapshot" as const), depth });
const ahead = fc.record({
  does: fc.constant("ahead" as const),
  depth: fc.constant(Infinity),
  change: arbitraryChange,
  between: fc.constantFrom("nothing", "join", "repeat", "another"),
});
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
          assert.equal(book.replace(parse(model.snapshot())), "current");
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
          sequence <= last ? "old" : sequence === last + 1 ? "applied" : "gap",
        );
        if (outcome === "applied") model.apply({ ...change, sequence });
        assert.deepEqual(parse(book), model.snapshot());
      }
    }),
    { numRuns: 200 },
  );
});

/** The subscribers of a book's increments, as the hub serves them. */
class Followers {
  readonly feed = new OrderBookState("usdbtc.ob-snap", 1000);
  readonly books: ModelBook[] = [];
  /** Snapshots sent to existing subscribers. */
  resyncs = 0;

  join(): void {
    const current = this.feed.events().map(payloadOf);
    assert.equal(current.length, this.feed.isCurrent ? 1 : 0);
    const book = new ModelBook();
    if (current[0]) book.replace(current[0]);
    this.books.push(book);
  }

  snapshot(payload: BookSnapshot): void {
    if (this.feed.snapshot(encoded(payload), parse(payload)) === "diverged") this.#resync(payload);
  }

  increment(payload: BookPayload): void {
    const outcome = this.feed.increment(encoded(payload), parse(payload));
    if (outcome !== "applied" && outcome !== "diverged") return;
    if (outcome === "diverged") this.#resync(payloadOf(this.feed.divergedSnapshot!));
    for (const book of this.books) {
      if (payload.sequence !== undefined) assert.equal(payload.sequence, book.sequence! + 1);
      book.apply(payload);
    }
  }

  #resync(payload: BookSnapshot): void {
    this.resyncs++;
    for (const book of this.books) book.replace(payload);
  }
}

function encoded(payload: BookPayload): EncodedEvent {
  return new EncodedEvent("usdbtc.ob-snap", new TextEncoder().encode(JSON.stringify(payload)));
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

/** What was published of the book's end: a snapshot, and the increments that came behind it. */
interface Published {
  readonly snapshot: BookSnapshot;
  /** The snapshot's levels, with the increment. */
  readonly book: ModelBook;
}

/**
 * Lets the steps happen; `after` is called after each increment that follows a snapshot with
 * nothing lost between, since the increment shows whether a snapshot of the same sequence is right.
 */
function play(
  steps: readonly Step[],
  first: number | undefined,
  after: (followers: Followers, published: Published, exchange: ModelBook) => void,
): Followers {
  const followers = new Followers();
  const exchange = new ModelBook();
  const increments: BookPayload[] = [];
  let snapshot: BookSnapshot | undefined;
  exchange.sequence = first;
  const change = (payload: BookPayload) => {
    exchange.apply(payload);
    increments.push(payload);
    return payload;
  };
  const increment = (payload: BookPayload) => {
    followers.increment(payload);
    if (snapshot === undefined) return;
    const book = new ModelBook();
    book.replace(snapshot);
    book.apply(payload);
    after(followers, { snapshot, book }, exchange);
    snapshot = undefined;
  };
  const repeat = (back: number) => {
    const old = increments.at(-back);
    if (old) followers.increment(old);
    // Some in a row are taken for a restart, and one without a number for another change.
    if (!followers.feed.isCurrent || first === undefined) snapshot = undefined;
  };
  for (const step of steps) {
    switch (step.does) {
      case "join":
        followers.join();
        break;
      case "increment":
        increment(change(numbered(exchange, step.change)));
        break;
      case "lose":
        change(numbered(exchange, step.change));
        snapshot = undefined;
        break;
      case "repeat":
        repeat(step.back);
        break;
      case "restart":
        exchange.apply(step.change);
        if (first !== undefined) exchange.sequence = 0;
        snapshot = undefined;
        // One of the old count would be taken for one of the new.
        increments.length = 0;
        break;
      case "snapshot":
        followers.snapshot(snapshot = exchange.snapshot(step.depth));
        break;
      case "ahead": {
        const { sequence } = exchange;
        const payload = change(numbered(exchange, step.change));
        snapshot = {
          ...exchange.snapshot(step.depth),
          ...sequence === undefined ? {} : { sequence },
        };
        followers.snapshot(snapshot);
        if (step.between === "join") followers.join();
        else if (step.between === "repeat") repeat(2);
        else if (step.between === "another") followers.snapshot(snapshot);
        increment(payload);
      }
    }
  }
  return followers;
}

Deno.test("followers of an exchange that loses nothing are given one snapshot, and stay right", () => {
  const check = (first: number | undefined, steps: readonly Step[]) => {
    const { resyncs } = play(steps, first, ({ books }, _, exchange) => {
      for (const book of books) assert.deepEqual(book.snapshot(), exchange.snapshot());
    });
    assert.ok(resyncs <= 1, `${resyncs} snapshots`);
  };
  const uncounted = fc.constant(undefined);
  fc.assert(fc.property(uncounted, way(whole, join), check), { numRuns: 50 });
  fc.assert(fc.property(fc.nat(), way(whole, ahead, join), check), { numRuns: 150 });
});

/** The levels of a side, down to the last one that a snapshot of it shows. */
function downTo(
  side: readonly ModelLevel[],
  shown: readonly ModelLevel[],
  direction: 1 | -1,
): string[] {
  const end = shown.at(-1);
  return side.filter(([price]) => {
    if (end === undefined) return true;
    const below = (scaled(price) - scaled(end[0])) * BigInt(direction);
    return below <= 0n;
  }).map(([price, amount]) => `${scaled(price)} ${scaled(amount)}`);
}

Deno.test("by a snapshot and an increment all followers have its levels, also where it is cut off", () => {
  let looks = 0;
  const steps = way(cut, ahead, join, lose, repeat, restart);
  fc.assert(
    fc.property(fc.nat(), steps, (first, steps) => {
      play(steps, first, ({ books }, { snapshot, book: { sequence, ...published } }) => {
        const expected = new ModelBook();
        Object.assign(expected, published);
        const { asks, bids } = expected.snapshot();
        for (const book of books) {
          looks++;
          const own = book.snapshot();
          assert.equal(own.sequence, sequence);
          assert.deepEqual(downTo(own.asks, snapshot.asks, 1), downTo(asks, snapshot.asks, 1));
          assert.deepEqual(downTo(own.bids, snapshot.bids, -1), downTo(bids, snapshot.bids, -1));
        }
      });
    }),
    { numRuns: 100 },
  );
  assert.ok(looks > 1000, `${looks} books`);
});

Deno.test("whatever was lost, repeated or restarted, a snapshot and an increment set all right", () => {
  const faults = way(whole, ahead, join, lose, repeat, restart);
  fc.assert(
    fc.property(fc.option(fc.nat({ max: 9 }), { nil: undefined }), faults, (first, steps) => {
      play(steps, first, ({ feed, books }, published) => {
        const now = worthOf(published.book.snapshot());
        assert.equal(feed.isCurrent, true);
        assert.deepEqual(feed.events().map((event) => worthOf(payloadOf(event))), [now]);
        for (const book of books) assert.deepEqual(worthOf(book.snapshot()), now);
      });
    }),
    { numRuns: 200 },
  );
});
