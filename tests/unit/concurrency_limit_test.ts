import assert from "node:assert/strict";
import { ConcurrencyLimit } from "../../src/auth/concurrency_limit.ts";
import { bounded } from "../../testing/bounded.ts";

/** Work that begins and ends when the test says so. */
class Works {
  readonly begun: number[] = [];
  readonly #limit: ConcurrencyLimit;
  readonly #ends: PromiseWithResolvers<number>[] = [];

  constructor(max: number) {
    this.#limit = new ConcurrencyLimit(max);
  }

  /** @returns what the limit makes of the work */
  add(): Promise<number> {
    const end = Promise.withResolvers<number>();
    const index = this.#ends.push(end) - 1;
    return this.#limit.run(() => {
      this.begun.push(index);
      return end.promise;
    });
  }

  /** Resolves when the work itself has ended. */
  ended(index: number): Promise<number> {
    return this.#ends[index]!.promise;
  }

  end(index: number): void {
    this.#ends[index]!.resolve(index);
  }

  fail(index: number, error: unknown): void {
    this.#ends[index]!.reject(error);
  }
}

/** Whatever is due without time passing has happened. */
const settled = () => bounded(new Promise<void>((resolve) => setImmediate(resolve)), "a turn");

Deno.test("as many as the limit work at once, the others in the order in which they came", async () => {
  const works = new Works(2);
  const results = Array.from({ length: 5 }, () => works.add());
  await settled();
  assert.deepEqual(works.begun, [0, 1]);
  works.end(1);
  assert.equal(await results[1], 1);
  await settled();
  assert.deepEqual(works.begun, [0, 1, 2]);
  for (const index of [0, 2]) works.end(index);
  await settled();
  assert.deepEqual(works.begun, [0, 1, 2, 3, 4]);
  for (const index of [3, 4]) works.end(index);
  assert.deepEqual(await bounded(Promise.all(results), "all of them"), [0, 1, 2, 3, 4]);
});

Deno.test("within the limit work begins in the call itself", () => {
  const works = new Works(1);
  void works.add();
  assert.deepEqual(works.begun, [0]);
});

Deno.test("nobody takes the place that goes to one who waits", async () => {
  const works = new Works(1);
  const first = works.add();
  void works.add();
  // Both ask when the first has ended: before the one that waits can go on, and after.
  void works.ended(0).then(() => works.add());
  void first.then(() => works.add());
  works.end(0);
  await settled();
  assert.deepEqual(works.begun, [0, 1]);
  for (const index of [1, 2]) works.end(index);
  await settled();
  assert.deepEqual(works.begun, [0, 1, 2, 3]);
});

Deno.test("work that rejects or throws frees its place", async () => {
  const works = new Works(1);
  const rejected = works.add();
  const next = works.add();
  works.fail(0, new Error("rejected"));
  await assert.rejects(rejected, /rejected/);
  works.end(1);
  assert.equal(await bounded(next, "the next"), 1);

  const limit = new ConcurrencyLimit(1);
  const broken = () => {
    throw new Error("thrown");
  };
  // In the place that is free, and in one that was waited for.
  const both = [limit.run(broken), limit.run(broken), limit.run(() => Promise.resolve("good"))];
  await assert.rejects(both[0]!, /thrown/);
  await assert.rejects(both[1]!, /thrown/);
  assert.equal(await bounded(both[2]!, "the place"), "good");
  assert.equal(await bounded(limit.run(() => Promise.resolve("again")), "the place"), "again");
});

Deno.test("a place that nobody waits for is free again", async () => {
  const works = new Works(2);
  for (let round = 0; round < 3; round++) {
    const both = [works.add(), works.add()];
    assert.equal(works.begun.length, 2 * round + 2);
    for (const index of works.begun.slice(-2)) works.end(index);
    await bounded(Promise.all(both), "both");
  }
});
