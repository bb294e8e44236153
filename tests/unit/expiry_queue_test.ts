import assert from "node:assert/strict";
import fc from "fast-check";
import { type ExpiryEntry, ExpiryQueue, type ExpiryTarget } from "../../src/session/expiry.ts";
import { bounded } from "../../testing/bounded.ts";

/** Resolves when its time is over. */
class Token implements ExpiryTarget {
  readonly #over = Promise.withResolvers<void>();
  readonly over: Promise<void> = this.#over.promise;
  expired = 0;

  expire(): void {
    this.expired++;
    this.#over.resolve();
  }
}

/** The system's clock, which can be set. */
class Clock {
  offset = 0;
  readonly now = () => Date.now() + this.offset;
  /** A number of seconds from now, as tokens have it. */
  in(seconds: number): number {
    return this.now() / 1000 + seconds;
  }
}

const ended = (...tokens: readonly Token[]) =>
  bounded(Promise.all(tokens.map(({ over }) => over)), "the ends");

/** What happens to a queue: an entry that ends at a second, and perhaps one that is removed. */
const action = fc.record({ at: fc.integer({ min: 1, max: 40 }), removes: fc.nat() });

async function endsInOrder(actions: readonly { at: number; removes: number }[]): Promise<void> {
  const clock = new Clock();
  const queue = new ExpiryQueue({ now: clock.now });
  const order: number[] = [];
  const waiting: { at: number; term: ExpiryEntry }[] = [];
  const start = clock.in(3600);
  for (const { at, removes } of actions) {
    waiting.push({ at, term: queue.add({ expire: () => order.push(at) }, start + at) });
    if (removes % 3 > 0) continue;
    const [gone] = waiting.splice(removes % waiting.length, 1);
    queue.remove(gone!.term);
  }
  assert.equal(queue.size, waiting.length);
  const last = new Token();
  queue.add(last, start + 50);
  clock.offset += 3_700_000;
  await ended(last);
  assert.deepEqual(order, waiting.map(({ at }) => at).sort((a, b) => a - b));
  assert.equal(queue.size, 0);
  assert.equal(queue.expired, waiting.length + 1);
}

Deno.test("ends come in their order, whatever else came and went", async () => {
  const actions = fc.array(action, { maxLength: 60 });
  await fc.assert(
    // Each queue waits for its next look at the clock: all of them wait at the same time.
    fc.asyncProperty(fc.array(actions, { minLength: 50, maxLength: 50 }), async (queues) => {
      await Promise.all(queues.map(endsInOrder));
    }),
    { numRuns: 1, endOnFailure: true },
  );
  await fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const queue = new ExpiryQueue({ now: () => 0 });
      const terms: ExpiryEntry[] = [];
      for (const { at, removes } of actions) {
        terms.push(queue.add(new Token(), at));
        if (removes % 2 > 0) queue.remove(terms.splice(removes % terms.length, 1)[0]!);
        assert.equal(queue.size, terms.length);
      }
      for (const term of terms) queue.remove(term);
      assert.equal(queue.size, 0);
    }),
  );
});

Deno.test("a clock set back ends nothing early, one set forward ends what is due", async () => {
  const clock = new Clock();
  const queue = new ExpiryQueue({ now: clock.now });
  const [soon, later, far] = [new Token(), new Token(), new Token()];
  queue.add(soon, clock.in(0.2));
  queue.add(later, clock.in(1000));
  const term = queue.add(far, clock.in(3000));
  clock.offset = -600_000;
  // An end by the clock as it is now: by then the first one would have been over by the old one.
  const mark = new Token();
  queue.add(mark, clock.in(0.4));
  await ended(mark);
  assert.equal(soon.expired, 0);
  clock.offset = 0;
  await ended(soon);
  assert.equal(later.expired, 0);
  clock.offset = 1_000_000;
  await ended(later);
  assert.equal(far.expired, 0);
  queue.remove(term);
  assert.equal(queue.size, 0);
});

Deno.test("a leeway holds for those that wait already, and without end nobody ends", async () => {
  const clock = new Clock();
  const queue = new ExpiryQueue({ now: clock.now });
  queue.leeway = Infinity;
  const [past, mark] = [new Token(), new Token()];
  queue.add(past, clock.in(-100));
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(past.expired, 0);
  queue.leeway = 200;
  const other = new ExpiryQueue({ now: clock.now });
  other.add(mark, clock.in(0.05));
  await ended(mark);
  assert.equal(past.expired, 0);
  queue.leeway = 0;
  await ended(past);
});

Deno.test("a crowd that ends in the same second all ends, and each once", async () => {
  const queue = new ExpiryQueue();
  const crowd = Array.from({ length: 5000 }, () => new Token());
  for (const token of crowd) queue.add(token, 1);
  await ended(...crowd);
  assert.equal(queue.size, 0);
  assert.ok(crowd.every(({ expired }) => expired === 1));
});

Deno.test("an end that breaks keeps no other from coming", async () => {
  const clock = new Clock();
  const queue = new ExpiryQueue({ now: clock.now });
  const [same, later] = [new Token(), new Token()];
  const broken: ExpiryTarget = {
    expire() {
      throw new Error("this end breaks");
    },
  };
  queue.add(broken, clock.in(-2));
  queue.add(same, clock.in(-1));
  queue.add(later, clock.in(0.1));
  await ended(same, later);
  assert.equal(queue.size, 0);
  assert.equal(queue.expired, 3);
});
