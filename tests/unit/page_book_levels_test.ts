import assert from "node:assert/strict";
import fc from "fast-check";
import type { Level } from "../../client/src/mod.ts";
import { groupLevels, spreadShare, stepOf } from "../../web/src/book_levels.ts";
import { depthWindow, roundBelow, totalAt } from "../../web/src/depth_window.ts";

/** Levels with their totals, of prices and amounts in hundredths. */
function levels(pairs: readonly (readonly [number, number])[]): Level[] {
  let sum = 0;
  return pairs.map(([price, amount]) => {
    sum += amount;
    return { price: cents(price), amount: cents(amount), total: cents(sum) };
  });
}

function cents(count: number): string {
  return `${count < 0 ? "-" : ""}${Math.floor(Math.abs(count) / 100)}.${
    String(Math.abs(count) % 100).padStart(2, "0")
  }`;
}

const book = fc.uniqueArray(fc.integer({ min: -5000, max: 50_000 }), { maxLength: 80 })
  .chain((prices) =>
    fc.record({
      prices: fc.constant(prices),
      amounts: fc.array(fc.integer({ min: 1, max: 9999 }), {
        minLength: prices.length,
        maxLength: prices.length,
      }),
    })
  );

Deno.test("groups have all the amounts of their levels, and never look better than them", () => {
  const sides = fc.constantFrom("asks" as const, "bids" as const);
  fc.assert(fc.property(book, sides, fc.constantFrom(10, 100, 1000), (book, side, ticks) => {
    const better = side === "asks" ? 1 : -1;
    const pairs = book.prices.map((price, at) => [price, book.amounts[at]!] as const)
      .toSorted(([a], [b]) => better * (a - b));
    const groups = groupLevels(levels(pairs), side, { digits: 2, ticks }, Infinity);
    const expected = new Map<number, number>();
    for (const [price, amount] of pairs) {
      const group = (side === "asks" ? Math.ceil : Math.floor)(price / ticks) * ticks + 0;
      expected.set(group, (expected.get(group) ?? 0) + amount);
    }
    let sum = 0;
    assert.deepEqual(
      groups.map(({ price, amount, total }) => [Number(price), amount, total]),
      [...expected].map(([price, amount]) => {
        sum += amount;
        return [price / 100, cents(amount), cents(sum)];
      }),
    );
    assert.ok(groups.every(({ price }) => !/\.\d\d/.test(price)), "a place that is always zero");
  }));
});

Deno.test("only as many groups are made as are shown, and one tick changes nothing", () => {
  const all = levels([[101, 1], [109, 1], [111, 2], [150, 4]]);
  const groups = groupLevels(all, "asks", { digits: 2, ticks: 10 }, 2);
  assert.deepEqual(groups, [
    { price: "1.1", amount: "0.02", total: "0.02" },
    { price: "1.2", amount: "0.02", total: "0.04" },
  ]);
  assert.deepEqual(groupLevels(all, "asks", { digits: 2, ticks: 1 }, 3), all.slice(0, 3));
});

Deno.test("steps are named by what they are worth", () => {
  const steps = (digits: number) => [1, 10, 100, 1000].map((ticks) => stepOf({ digits, ticks }));
  assert.deepEqual(steps(2), ["0.01", "0.1", "1", "10"]);
  assert.deepEqual(steps(0), ["1", "10", "100", "1000"]);
  assert.deepEqual(steps(8), ["0.00000001", "0.0000001", "0.000001", "0.00001"]);
});

Deno.test("the spread is shown in per cent of the middle price", () => {
  const [ask, bid] = levels([[10_150, 1], [10_000, 1]]);
  assert.equal(spreadShare(ask, bid), "1.49 %");
  assert.equal(spreadShare(ask, ask), "0.00 %");
  assert.equal(spreadShare(levels([[5_000_001, 1]])[0], levels([[5_000_000, 1]])[0]), "0.00002 %");
  assert.equal(spreadShare(ask, undefined), "");
});

Deno.test("a depth window is as wide as asked, whatever a side has", () => {
  const bids = levels([[9990, 100], [9950, 100], [9800, 100], [1, 900]]);
  const thin = levels([[10_010, 5]]);
  const window = depthWindow({ bids, asks: thin }, 1)!;
  assert.equal(window.middle, 100);
  assert.equal(window.reach, 1);
  assert.deepEqual([window.bids.length, window.asks.length, window.most], [2, 1, 2]);
  assert.equal(depthWindow({ bids, asks: [] }, 2)!.bids.length, 3);
  assert.equal(depthWindow({ bids: [], asks: [] }, 2), undefined);

  assert.deepEqual(totalAt(window, 99.95), { side: "bids", total: "0" });
  assert.deepEqual(totalAt(window, 99.9), { side: "bids", total: "1.00" });
  assert.deepEqual(totalAt(window, 99.2), { side: "bids", total: "2.00" });
  assert.deepEqual(totalAt(window, 100.9), { side: "asks", total: "0.05" });
});

Deno.test("an axis has round numbers", () => {
  assert.deepEqual([3, 0.07, 5, 1999, 0, NaN].map(roundBelow), [2, 0.05, 5, 1000, 0, 0]);
});
