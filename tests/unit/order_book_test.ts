import assert from "node:assert/strict";
import { OrderBook } from "../../src/hub/order_book.ts";

/** A book that has this snapshot. */
function bookOf(snapshot: unknown): OrderBook {
  const book = new OrderBook();
  assert.notEqual(book.replace(snapshot), "unusable");
  return book;
}

/** The book as late comers get it. */
function textOf(book: OrderBook): string {
  return JSON.stringify(book);
}

const SNAPSHOT = {
  asks: [["100000000", "1"], ["9.9", "2.0"], ["10.0", "3"]],
  bids: [["0.00000001", "4"], ["9.8", "5"], ["9.80000001", "0.50"]],
  sequence: 7,
};

Deno.test("asks rise and bids fall by what prices are worth, and texts stay", () => {
  assert.equal(
    textOf(bookOf(SNAPSHOT)),
    '{"asks":[["9.9","2.0"],["10.0","3"],["100000000","1"]],' +
      '"bids":[["9.80000001","0.50"],["9.8","5"],["0.00000001","4"]],"sequence":7}',
  );
});

Deno.test("an increment is one pair or a list of pairs, of one side or both", () => {
  const book = bookOf({ asks: [], bids: [], sequence: 1 });
  const increments = [
    { asks: ["15.0", "22.1257"], sequence: 2 },
    { bids: [["14.0", "1"], ["13.0", "2"]], sequence: 3 },
    { asks: [["16.0", "3"]], bids: ["12.0", "4"], sequence: 4 },
    { asks: [], bids: [], sequence: 5 },
    { sequence: 6 },
    { asks: null, bids: ["11.0", "5"], sequence: 7 },
  ];
  for (const increment of increments) assert.equal(book.apply(increment), "applied");
  assert.equal(
    textOf(book),
    '{"asks":[["15.0","22.1257"],["16.0","3"]],' +
      '"bids":[["14.0","1"],["13.0","2"],["12.0","4"],["11.0","5"]],"sequence":7}',
  );
});

Deno.test("an amount of zero takes the level away, however zero and price are spelled", () => {
  for (const zero of ["0", "0.0", "0.00000000", "000", "-0", "+0.0", "0e5", "0E-5", 0]) {
    const book = bookOf({ asks: [["15.0", "1"], ["16.0", "2"]], bids: [], sequence: 1 });
    assert.equal(book.apply({ asks: ["15", zero], sequence: 2 }), "applied");
    assert.equal(textOf(book), '{"asks":[["16.0","2"]],"bids":[],"sequence":2}', String(zero));
  }
  const book = bookOf({ asks: [["15.0", "0.0"], ["16.0", "0.00000001"]], bids: [] });
  assert.equal(textOf(book), '{"asks":[["16.0","0.00000001"]],"bids":[]}');
  assert.equal(book.apply({ asks: ["1.0", "0"] }), "applied", "a level that is not there");
});

Deno.test("a level is replaced by what was published last at its price", () => {
  const book = bookOf({ asks: [["15.0", "1"], ["15.00", "2"]], bids: [] });
  assert.equal(textOf(book), '{"asks":[["15.00","2"]],"bids":[]}');
  book.apply({ asks: [["15", "3"], ["1.5e1", "4.0"]] });
  assert.equal(textOf(book), '{"asks":[["1.5e1","4.0"]],"bids":[]}');
});

Deno.test("levels published as JSON numbers stay numbers", () => {
  const book = bookOf({ asks: [[10, 0.00000001], [9.5, 1]], bids: [] });
  book.apply({ asks: ["10.0", "2"] });
  assert.equal(textOf(book), '{"asks":[[9.5,1],["10.0","2"]],"bids":[]}');
});

Deno.test("increments at or below the sequence are known, one that skips a number is a gap", () => {
  const book = bookOf(SNAPSHOT);
  const before = textOf(book);
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 7 }), "stale");
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 6 }), "stale");
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 9 }), "gap");
  assert.equal(textOf(book), before);
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 8 }), "applied");
  assert.equal(book.sequence, 8);
});

Deno.test("increments without a number are applied as they come", () => {
  const book = bookOf({ asks: [], bids: [] });
  assert.equal(book.apply({ asks: ["1", "1"] }), "applied");
  assert.equal(book.apply({ asks: ["1", "1"] }), "applied");
  assert.equal(textOf(book), '{"asks":[["1","1"]],"bids":[]}');
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 40 }), "applied", "the first with one");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 42 }), "gap");
});

Deno.test("an increment that cannot be read changes nothing, not even in part", () => {
  const book = bookOf(SNAPSHOT);
  const before = textOf(book);
  const wrong = [
    null,
    5,
    "asks",
    [["15.0", "1"]],
    { asks: "15.0", sequence: 8 },
    { asks: { "15.0": "1" }, sequence: 8 },
    { asks: ["15.0"], sequence: 8 },
    { asks: ["15.0", "1", "2"], sequence: 8 },
    { asks: ["15.0", null], sequence: 8 },
    { asks: ["fifteen", "1"], sequence: 8 },
    { asks: ["15,0", "1"], sequence: 8 },
    { asks: [["15.0", "1"], "16.0"], sequence: 8 },
    { asks: [["15.0", "1"], ["16.0", ""]], sequence: 8 },
    { asks: ["15.0", "1"], bids: [["x", "1"]], sequence: 8 },
    { asks: ["15.0", "1"], sequence: "8" },
    { asks: ["15.0", "1"], sequence: 8.5 },
  ];
  for (const increment of wrong) {
    assert.equal(book.apply(increment), "unusable", JSON.stringify(increment));
    assert.equal(textOf(book), before);
  }
});

Deno.test("a snapshot that cannot be read leaves the book as it is", () => {
  const book = bookOf(SNAPSHOT);
  const before = textOf(book);
  const wrong = [
    null,
    [],
    "book",
    {},
    { sequence: 9 },
    { asks: 5, bids: [] },
    { asks: [], bids: [["1"]] },
    { asks: [["1", "x"]], bids: [] },
    { asks: [], bids: [], sequence: "9" },
  ];
  for (const snapshot of wrong) {
    assert.equal(book.replace(snapshot), "unusable", JSON.stringify(snapshot));
    assert.equal(textOf(book), before);
  }
});

Deno.test("a side that a snapshot leaves out is empty", () => {
  assert.equal(textOf(bookOf({ asks: [["1", "1"]] })), '{"asks":[["1","1"]],"bids":[]}');
  assert.equal(
    textOf(bookOf({ asks: null, bids: [["1", "1"]] })),
    '{"asks":[],"bids":[["1","1"]]}',
  );
});

Deno.test("a snapshot is in step where it is what the increments led to", () => {
  const book = bookOf(SNAPSHOT);
  assert.equal(book.replace(SNAPSHOT), "in step");
  book.apply({ asks: ["9.9", "0"], bids: ["9.8", "6"], sequence: 8 });
  const now = {
    asks: [["10", "3.0"], ["1e8", "1"]],
    bids: [["9.80000001", "0.5"], ["9.80", "6"], ["0.00000001", "4"]],
    sequence: 8,
  };
  assert.equal(book.replace(now), "in step", "other spellings are the same numbers");
  const best = { asks: now.asks.slice(0, 1), bids: now.bids.slice(0, 2), sequence: 8 };
  assert.equal(book.replace(best), "in step", "exchanges cut off what is far from the best");
  assert.equal(book.replace(now), "moved", "levels that were not known");
});

Deno.test("a snapshot has moved where it is ahead, behind, or of other content", () => {
  const known = { asks: [["9.9", "2"], ["10.0", "3"]], bids: [["9.8", "5"]], sequence: 7 };
  for (
    const change of [
      { sequence: 8 },
      { sequence: 6 },
      { sequence: 1 },
      { asks: [["9.9", "2.1"], ["10.0", "3"]] },
      { asks: [["9.8999", "2"], ["10.0", "3"]] },
      { asks: [["10.0", "3"]] },
      { asks: [...known.asks, ["11", "1"]] },
      { bids: [["9.85", "1"], ["9.8", "5"]] },
    ]
  ) {
    const moved = { ...known, ...change };
    assert.equal(bookOf(known).replace(moved), "moved", JSON.stringify(change));
  }
});

Deno.test("a deep book is in step by its sequence and its best levels", () => {
  const asks = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => [`${from + at}.0`, "1"]);
  const book = new OrderBook();
  book.replace({ asks: asks(1, 302), bids: [], sequence: 1 });
  book.apply({ asks: ["1.0", "0"], sequence: 2 });
  assert.equal(
    book.replace({ asks: asks(2, 303), bids: [], sequence: 2 }),
    "in step",
    "the last level was cut off before, and says nothing of losses",
  );
  const other = asks(2, 303);
  other[40] = ["42.0", "7"];
  assert.equal(book.replace({ asks: other, bids: [], sequence: 2 }), "moved");
});

Deno.test("without sequences only a snapshot of the same levels is in step", () => {
  const book = bookOf({ asks: [["1", "1"], ["2", "2"]], bids: [] });
  assert.equal(book.replace({ asks: [["1.0", "1"], ["2.0", "2"]], bids: [] }), "in step");
  // Not cut off, as far as anyone knows: the level's removal may have been lost.
  assert.equal(book.replace({ asks: [["1", "1"]], bids: [] }), "moved");
  assert.equal(book.replace({ asks: [["1", "1"], ["2", "2"]], bids: [] }), "moved");

  const counted = bookOf({ asks: [["1", "1"]], bids: [], sequence: 7 });
  counted.apply({ asks: ["2", "2"] });
  assert.equal(
    counted.replace({ asks: [["1", "1"], ["2", "2"]], bids: [], sequence: 9 }),
    "in step",
    "increments that carry no number say nothing of a gap",
  );
  counted.apply({ asks: ["3", "3"] });
  assert.equal(counted.replace({ asks: [["1", "1"], ["2", "2"]], bids: [], sequence: 9 }), "moved");
});

Deno.test("where only increments are numbered, their numbers go on over a snapshot in step", () => {
  const book = bookOf({ asks: [], bids: [] });
  book.apply({ asks: ["1", "1"], sequence: 5 });
  assert.equal(book.replace({ asks: [["1", "1"]], bids: [] }), "in step");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 7 }), "gap");
  assert.equal(book.replace({ asks: [["1", "9"]], bids: [] }), "moved");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 99 }), "applied");
});
