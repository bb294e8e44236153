import assert from "node:assert/strict";
import { OrderBook } from "../../src/hub/order_book.ts";
import { ORDER_BOOK_CASES, type OrderBookOutcome } from "../support/order_book_cases.ts";

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

/** Calls a method of a book with a body, as the hub does. */
function given(book: OrderBook, method: "replace" | "apply", body: string): Outcome {
  return book[method](JSON.parse(body), new TextEncoder().encode(body));
}

type Outcome = ReturnType<OrderBook["replace"] | OrderBook["apply"]>;

const CASE_OUTCOMES: Partial<Record<Outcome, OrderBookOutcome>> = {
  gap: "gap",
  unusable: "unreadable",
  foreign: "unreadable",
};

Deno.test("cases that every order book passes", async (t) => {
  for (const { name, steps, asks, bids, sequence } of ORDER_BOOK_CASES) {
    await t.step(name, () => {
      const book = new OrderBook();
      for (const [event, payload, expected = "current"] of steps) {
        const outcome = given(book, event === "snapshot" ? "replace" : "apply", payload);
        assert.equal(CASE_OUTCOMES[outcome] ?? "current", expected, `${payload}: ${outcome}`);
      }
      // What is read back from the JSON of a late comer has its digits as texts.
      const shown = JSON.parse(textOf(book), digitsAsTexts);
      const expected = { asks, bids, ...sequence === undefined ? {} : { sequence: `${sequence}` } };
      assert.deepEqual(shown, expected);
    });
  }
});

function digitsAsTexts(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? context!.source : value;
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

Deno.test("an amount that is empty, null or zero takes the level away, however it is spelled", () => {
  const zeros = ["", null, "0", "0.0", "0.00000000", "000", "-0", "+0.0", "0e5", "0E-5", 0, -0];
  for (const zero of zeros) {
    const book = bookOf({ asks: [["15.0", "1"], ["16.0", "2"]], bids: [], sequence: 1 });
    assert.equal(book.apply({ asks: ["15", zero], sequence: 2 }), "applied");
    assert.equal(textOf(book), '{"asks":[["16.0","2"]],"bids":[],"sequence":2}', String(zero));
    book.apply({ asks: [["16.0", zero], ["17.0", "1"], ["18.0", zero]], sequence: 3 });
    assert.equal(textOf(book), '{"asks":[["17.0","1"]],"bids":[],"sequence":3}', String(zero));
  }
  const book = bookOf({ asks: [["15.0", "0.0"], ["16.0", "0.00000001"]], bids: [["1", ""]] });
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

Deno.test("JSON numbers keep their digits, and are compared by all of them", () => {
  const book = new OrderBook();
  const snapshot = '{"asks":[[12345678901234567890.123,1.10],["3",0.000000009000]],' +
    '"bids":[[1.10,"2"],[ 1.0e0 ,3]],"sequence":5}';
  assert.equal(given(book, "replace", snapshot), "diverged");
  assert.equal(
    textOf(book),
    '{"asks":[["3",0.000000009000],[12345678901234567890.123,1.10]],' +
      '"bids":[[1.10,"2"],[1.0e0,3]],"sequence":5}',
  );
  assert.equal(given(book, "replace", snapshot), "current");
  const near = '{"asks":[12345678901234567890.124,7.00],"sequence":6}';
  assert.equal(given(book, "apply", near), "applied");
  assert.equal(given(book, "apply", '{"bids":[[1.100,2.50],[1,0.0]],"sequence":7}'), "applied");
  assert.equal(given(book, "apply", '{"asks":[3,null],"sequence":8}'), "applied");
  assert.equal(
    textOf(book),
    '{"asks":[[12345678901234567890.123,1.10],[12345678901234567890.124,7.00]],' +
      '"bids":[[1.100,2.50]],"sequence":8}',
  );
  const other = '{"asks":[["12345678901234567890.123","1.1"],[12345678901234567890.124,7]],' +
    '"bids":[["1.1","2.5"]],"sequence":8}';
  assert.equal(given(book, "replace", other), "current");
});

Deno.test("numbers in a payload nested deeper than can be followed are not a book", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const body = `{"asks":[[1,2]],"bids":[],"x":${deep}}`;
  assert.equal(given(new OrderBook(), "replace", body), "unusable");
});

Deno.test("increments at or below the sequence are known, one that skips a number is a gap", () => {
  const book = bookOf(SNAPSHOT);
  const before = textOf(book);
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 7 }), "old");
  assert.equal(book.apply({ asks: ["9.9", "9"], sequence: 6 }), "old");
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
    { asks: [null, "1"], sequence: 8 },
    { asks: ["", "1"], sequence: 8 },
    { asks: ["", ""], sequence: 8 },
    { asks: ["15.0", " "], sequence: 8 },
    { asks: ["15.0", false], sequence: 8 },
    { asks: ["15.0", { rawJSON: "1" }], sequence: 8 },
    { asks: ["fifteen", "1"], sequence: 8 },
    { asks: ["15,0", "1"], sequence: 8 },
    { asks: [["15.0", "1"], "16.0"], sequence: 8 },
    { asks: [["15.0", "1"], ["16.0", "x"]], sequence: 8 },
    { asks: ["15.0", "1"], bids: [["x", "1"]], sequence: 8 },
    { asks: ["15.0", "1"], sequence: "8.0" },
    { asks: ["15.0", "1"], sequence: "" },
    { asks: ["15.0", "1"], sequence: 8.5 },
    { asks: ["15.0", "1"], sequence: 2 ** 53 },
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
    { asks: [["", "1"]], bids: [] },
  ];
  for (const snapshot of wrong) {
    assert.equal(book.replace(snapshot), "unusable", JSON.stringify(snapshot));
    assert.equal(textOf(book), before);
  }
  const foreign = [
    { asks: [["1", "2", "3"]], bids: [], sequence: 9 },
    { asks: [["1", "2"]], bids: [["1", "2", 3]] },
    { asks: [], bids: [], sequence: 2 ** 53 },
    { asks: [], bids: [], sequence: "9007199254740992" },
    { asks: [], bids: [], sequence: "12345678901234567" },
    { asks: [], bids: [], sequence: "nine" },
  ];
  for (const snapshot of foreign) {
    assert.equal(book.replace(snapshot), "foreign", JSON.stringify(snapshot));
    assert.equal(textOf(book), before);
  }
});

Deno.test("a sequence is a JSON number or decimal digits in a text", () => {
  const book = bookOf({ asks: [["1", "1"]], bids: [], sequence: "9" });
  assert.equal(book.apply({ asks: ["1", "2"], sequence: "9" }), "old");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: "10" }), "applied");
  assert.equal(book.apply({ asks: ["1", "3"], sequence: 11 }), "applied");
  assert.equal(book.replace({ asks: [["1", "3"]], bids: [], sequence: "0011" }), "current");
  assert.equal(book.apply({ asks: ["1", "4"], sequence: "13" }), "gap");
  assert.equal(textOf(book), '{"asks":[["1","3"]],"bids":[],"sequence":11}');
  const last = bookOf({ asks: [], bids: [], sequence: "9007199254740990" });
  assert.equal(last.apply({ sequence: "9007199254740991" }), "applied");
  assert.equal(textOf(last), '{"asks":[],"bids":[],"sequence":9007199254740991}');
});

Deno.test("a side that a snapshot leaves out is empty", () => {
  assert.equal(textOf(bookOf({ asks: [["1", "1"]] })), '{"asks":[["1","1"]],"bids":[]}');
  assert.equal(
    textOf(bookOf({ asks: null, bids: [["1", "1"]] })),
    '{"asks":[],"bids":[["1","1"]]}',
  );
});

Deno.test("a snapshot is in step where it is what the increments led to, and the book stays", () => {
  const book = bookOf(SNAPSHOT);
  assert.equal(book.replace(SNAPSHOT), "current");
  book.apply({ asks: ["9.9", ""], bids: ["9.8", "6"], sequence: 8 });
  const before = textOf(book);
  const now = {
    asks: [["10", "3.0"], ["1e8", "1"]],
    bids: [["9.80000001", "0.5"], ["9.80", "6"], ["0.00000001", "4"]],
    sequence: 8,
  };
  assert.equal(book.replace(now), "current", "other spellings are the same numbers");
  const best = { asks: now.asks.slice(0, 1), bids: now.bids.slice(0, 2), sequence: 8 };
  assert.equal(book.replace(best), "current", "exchanges cut off what is far from the best");
  assert.equal(
    book.replace({ asks: now.asks, sequence: 8 }),
    "undecided",
    "an empty side is not cut",
  );
  assert.equal(textOf(book), before);
});

Deno.test("a snapshot has diverged where it is ahead or behind", () => {
  for (const sequence of [8, 6, 1]) {
    assert.equal(bookOf(SNAPSHOT).replace({ ...SNAPSHOT, sequence }), "diverged", `${sequence}`);
  }
});

const KNOWN = { asks: [["9.9", "2"], ["10.0", "3"]], bids: [["9.8", "5"]], sequence: 7 };

Deno.test("a snapshot with the change of the next increment in it is in step by that", () => {
  const ahead: [what: string, increment: object, snapshot: object][] = [
    ["an update", { asks: ["9.9", "1.5"] }, { asks: [["9.9", "1.5"], ["10.0", "3"]] }],
    ["another spelling", { asks: ["9.9", "1.5"] }, { asks: [["9.90", "1.50"], ["10", "3"]] }],
    ["a removal", { asks: ["9.9", ""] }, { asks: [["10.0", "3"]] }],
    ["a removal of the last one", { bids: ["9.8", ""] }, { bids: [] }],
    ["a better level", { bids: ["9.85", "1"] }, { bids: [["9.85", "1"], ["9.8", "5"]] }],
    ["a deeper level", { asks: ["11", "1"] }, { asks: [...KNOWN.asks, ["11", "1"]] }],
    ["both sides", { asks: ["9.9", ""], bids: [["9.8", ""], ["9", "1"]] }, {
      asks: [["10.0", "3"]],
      bids: [["9", "1"]],
    }],
  ];
  for (const [what, increment, snapshot] of ahead) {
    const [book, expected] = [bookOf(KNOWN), bookOf(KNOWN)];
    expected.apply({ ...increment, sequence: 8 });
    assert.equal(book.replace({ ...KNOWN, ...snapshot }), "undecided", what);
    assert.equal(textOf(book), textOf(bookOf(KNOWN)), "until then the book is what it was");
    assert.equal(book.apply({ asks: ["1", "1"], sequence: 7 }), "old", what);
    assert.equal(book.apply({ ...increment, sequence: 8 }), "applied", what);
    assert.equal(textOf(book), textOf(expected), what);
    assert.equal(book.apply({ ...increment, sequence: 9 }), "applied", "it is judged once");
  }
});

Deno.test("a snapshot that the next increment does not explain has diverged, and is the book", () => {
  const cases: [what: string, snapshot: object, book: string][] = [
    ["an amount", { asks: [["9.9", "2.1"], ["10.0", "3"]] }, '[["9.9","2.1"],["10.0","3"]]'],
    ["a price", { asks: [["9.8999", "2"], ["10.0", "3"]] }, '[["9.8999","2"],["10.0","3"]]'],
    ["a missing level", { asks: [["10.0", "3"]] }, '[["10.0","3"]]'],
    [
      "a level more",
      { asks: [...KNOWN.asks, ["11", "1"]] },
      '[["9.9","2"],["10.0","3"],["11","1"]]',
    ],
    ["an empty side", { asks: [] }, "[]"],
  ];
  for (const [what, snapshot, asks] of cases) {
    const book = bookOf(KNOWN);
    assert.equal(book.replace({ ...KNOWN, ...snapshot }), "undecided", what);
    assert.equal(book.apply({ bids: ["9.8", "4"], sequence: 8 }), "diverged", what);
    assert.equal(textOf(book), `{"asks":${asks},"bids":[["9.8","4"]],"sequence":8}`, what);
    assert.equal(book.apply({ bids: ["9.8", "5"], sequence: 9 }), "applied", "it is judged once");
  }
});

Deno.test("of snapshots in a row the last one is judged", () => {
  const other = { ...KNOWN, bids: [["9.8", "7"]] };
  const ahead = { ...KNOWN, asks: [["9.9", "2.5"], ["10.0", "3"]] };
  const increment = { asks: ["9.9", "2.5"], sequence: 8 };
  const outcomes = (...snapshots: object[]) => {
    const book = bookOf(KNOWN);
    return [...snapshots.map((snapshot) => book.replace(snapshot)), book.apply(increment)];
  };
  assert.deepEqual(outcomes(ahead, ahead), ["undecided", "undecided", "applied"]);
  assert.deepEqual(outcomes(other, ahead), ["undecided", "undecided", "applied"]);
  assert.deepEqual(outcomes(ahead, other), ["undecided", "undecided", "diverged"]);
  assert.deepEqual(outcomes(other, KNOWN), ["undecided", "current", "applied"]);
  assert.deepEqual(outcomes(other, { ...KNOWN, sequence: 6 }), ["undecided", "diverged", "gap"]);
  const next = { ...ahead, sequence: 8 };
  assert.deepEqual(outcomes(ahead, next), ["undecided", "diverged", "old"]);
});

Deno.test("a snapshot that waits counts no more after a gap, an overflow or one without a number", () => {
  const book = new OrderBook(2);
  const other = { ...KNOWN, asks: [["9.9", "7"]] };
  book.replace(KNOWN);
  assert.equal(book.replace(other), "undecided");
  assert.equal(book.apply({ asks: ["11", "1"], sequence: 9 }), "gap");
  assert.equal(book.apply({ bids: [["9", "1"], ["8", "1"]], sequence: 8 }), "overflow");
  const uncounted = bookOf(KNOWN);
  assert.equal(uncounted.replace(other), "undecided");
  assert.equal(uncounted.apply({ bids: ["9.8", "1"] }), "diverged");
  assert.equal(textOf(uncounted), '{"asks":[["9.9","7"]],"bids":[["9.8","1"]],"sequence":7}');
});

/** Levels at whole prices, best first. */
function asks(from: number, to: number): [string, string][] {
  return Array.from({ length: to - from }, (_, at) => [`${from + at}.0`, "1"]);
}

Deno.test("a level that a cut of 301 levels left out shows up, and nobody has lost it", () => {
  // The exchange has the levels 1 to 400, and says the best 301 of them.
  const book = bookOf({ asks: asks(1, 302), bids: [], sequence: 1 });
  book.apply({ asks: ["1.0", ""], sequence: 2 });
  assert.equal(book.replace({ asks: asks(2, 303), bids: [], sequence: 2 }), "current");
  assert.equal(book.replace({ asks: asks(3, 304), bids: [], sequence: 2 }), "undecided");
  assert.equal(book.apply({ asks: ["2.0", ""], sequence: 3 }), "applied");
  assert.deepEqual(JSON.parse(textOf(book)).asks, asks(3, 304), "what it showed is known now");

  const other = asks(3, 304);
  other[40] = ["43.0", "7"];
  assert.equal(book.replace({ asks: other, bids: [], sequence: 3 }), "undecided");
  assert.equal(book.apply({ asks: ["3.0", ""], sequence: 4 }), "diverged");
});

Deno.test("changes above, at and below a cut of 301 levels are in step", () => {
  const changes: [increment: [string, string], snapshot: [string, string][]][] = [
    // A better level pushes the last one out, and a removal lets one in again.
    [["0.5", "1"], [["0.5", "1"], ...asks(1, 301)]],
    [["0.5", ""], asks(1, 302)],
    [["150.0", ""], [...asks(1, 150), ...asks(151, 303)]],
    [["150.0", "1"], asks(1, 302)],
    [["301.0", "2"], [...asks(1, 301), ["301.0", "2"]]],
    [["301.0", ""], [...asks(1, 301), ["302.0", "1"]]],
    [["300.5", "1"], [...asks(1, 301), ["300.5", "1"]]],
    [["300.5", ""], [...asks(1, 301), ["302.0", "1"]]],
    // Not in the snapshot at all.
    [["390.0", "4"], [...asks(1, 301), ["302.0", "1"]]],
    [["302.0", "4"], [...asks(1, 301), ["302.0", "4"]]],
    [["302.0", ""], [...asks(1, 301), ["303.0", "1"]]],
    [["399.0", ""], [...asks(1, 301), ["303.0", "1"]]],
  ];
  const book = bookOf({ asks: asks(1, 302), bids: [], sequence: 1 });
  for (const [at, [increment, snapshot]] of changes.entries()) {
    const outcome = book.replace({ asks: snapshot, bids: [], sequence: at + 1 });
    assert.ok(["current", "undecided"].includes(outcome), `${increment}: ${outcome}`);
    assert.equal(book.apply({ asks: increment, sequence: at + 2 }), "applied", `${increment}`);
  }
  const known = [...asks(1, 301), ["303.0", "1"], ["390.0", "4"]];
  assert.deepEqual(JSON.parse(textOf(book)).asks, known);
});

Deno.test("levels below the last one of a snapshot are not compared", () => {
  const book = bookOf(KNOWN);
  book.apply({ asks: ["11", "1"], sequence: 8 });
  const ahead = { ...KNOWN, asks: [["9.9", "1"], ["10.0", "3"]], sequence: 8 };
  assert.equal(book.replace(ahead), "undecided");
  assert.equal(book.apply({ asks: [["9.9", "1"], ["12", "1"]], sequence: 9 }), "applied");
});

Deno.test("below the 100th level, and below a cut, levels that are known must be in a snapshot", () => {
  const book = bookOf({ asks: asks(1, 302), bids: [], sequence: 1 });
  book.apply({ asks: [["1.0", ""], ["2.0", ""], ["302.5", "5"]], sequence: 2 });
  const shown: [string, string][] = [...asks(3, 302), ["302.0", "1"], ["302.5", "5"]];
  assert.equal(book.replace({ asks: shown, bids: [], sequence: 2 }), "current");
  const lacking = [...asks(3, 302), ["302.0", "1"], ["303.0", "1"]];
  assert.equal(book.replace({ asks: lacking, bids: [], sequence: 2 }), "undecided");
  assert.equal(book.apply({ bids: ["1", "1"], sequence: 3 }), "diverged");
  // Unknown, but above the cut.
  const above = bookOf({ asks: asks(1, 302), bids: [], sequence: 1 });
  const more: [string, string][] = [...asks(1, 151), ["150.5", "1"], ...asks(151, 301)];
  assert.equal(above.replace({ asks: more, bids: [], sequence: 1 }), "undecided");
  assert.equal(above.apply({ bids: ["1", "1"], sequence: 2 }), "diverged");
  // Nothing was cut off of a snapshot of 60 levels.
  const short = bookOf({ asks: asks(1, 61), bids: [], sequence: 1 });
  short.apply({ asks: asks(61, 150), sequence: 2 });
  assert.equal(short.replace({ asks: asks(1, 151), bids: [], sequence: 2 }), "undecided");
  assert.equal(short.apply({ bids: ["1", "1"], sequence: 3 }), "diverged");
  // What the server has never heard of is among the best: its book is of no use.
  const hole = bookOf({ asks: asks(1, 302), bids: [], sequence: 1 });
  hole.apply({ asks: asks(1, 251).map(([price]) => [price, ""]), sequence: 2 });
  assert.equal(hole.replace({ asks: asks(251, 400), bids: [], sequence: 2 }), "undecided");
  assert.equal(hole.apply({ asks: ["251.0", ""], sequence: 3 }), "diverged");
  assert.deepEqual(JSON.parse(textOf(hole)).asks, asks(252, 400));
});

Deno.test("without sequences only a snapshot of the same levels is in step", () => {
  const book = bookOf({ asks: [["1", "1"], ["2", "2"]], bids: [] });
  assert.equal(book.replace({ asks: [["1.0", "1"], ["2.0", "2"]], bids: [] }), "current");
  // Not cut off, as far as anyone knows: the level's removal may have been lost.
  assert.equal(book.replace({ asks: [["1", "1"]], bids: [] }), "diverged");
  assert.equal(book.replace({ asks: [["1", "1"], ["2", "2"]], bids: [] }), "diverged");

  const counted = bookOf({ asks: [["1", "1"]], bids: [], sequence: 7 });
  counted.apply({ asks: ["2", "2"] });
  assert.equal(
    counted.replace({ asks: [["1", "1"], ["2", "2"]], bids: [], sequence: 9 }),
    "current",
    "increments that carry no number say nothing of a gap",
  );
  counted.apply({ asks: ["3", "3"] });
  assert.equal(
    counted.replace({ asks: [["1", "1"], ["2", "2"]], bids: [], sequence: 9 }),
    "diverged",
  );
});

Deno.test("where only increments are numbered, their numbers go on over a snapshot in step", () => {
  const book = bookOf({ asks: [], bids: [] });
  book.apply({ asks: ["1", "1"], sequence: 5 });
  assert.equal(book.replace({ asks: [["1", "1"]], bids: [] }), "current");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 7 }), "gap");
  assert.equal(book.replace({ asks: [["1", "9"]], bids: [] }), "diverged");
  assert.equal(book.apply({ asks: ["1", "2"], sequence: 99 }), "applied");
});

Deno.test("levels that a later snapshot reveals are in the book of a late subscriber", () => {
  const levels = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => [`${from + at}.0`, "1.0"]);
  const book = new OrderBook();
  // The exchange has 330 levels, and shows 301.
  book.replace({ asks: levels(1001, 1301), bids: [], sequence: 1 });
  for (let at = 0; at < 60; at++) book.apply({ asks: [`${1001 + at}.0`, ""], sequence: 2 + at });
  // One change ahead, as Peatio publishes it.
  assert.equal(book.replace({ asks: levels(1062, 1330), bids: [], sequence: 61 }), "undecided");
  assert.equal(book.apply({ asks: ["1061.0", ""], sequence: 62 }), "applied");
  assert.deepEqual(book.toJSON(), { asks: levels(1062, 1330), bids: [], sequence: 62 });
});

Deno.test("what increments said of deeper levels stays when a snapshot reveals others", () => {
  const levels = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => [`${from + at}.0`, "1.0"]);
  const book = new OrderBook(310);
  book.replace({ asks: levels(1001, 1301), bids: [], sequence: 1 });
  book.apply({ asks: ["1400.0", "7.0"], sequence: 2 });
  book.apply({ asks: ["1001.0", ""], sequence: 3 });
  // The same book, and one more level; then no more than the book may have.
  assert.equal(book.replace({ asks: levels(1002, 1302), bids: [], sequence: 3 }), "current");
  assert.equal(book.apply({ asks: ["1002.0", ""], sequence: 4 }), "applied");
  const asks = [...levels(1003, 1302), ["1400.0", "7.0"]];
  assert.deepEqual(book.toJSON(), { asks, bids: [], sequence: 4 });
  assert.equal(book.replace({ asks: levels(1003, 1309), bids: [], sequence: 4 }), "current");
  assert.equal(book.replace({ asks: levels(1003, 1312), bids: [], sequence: 4 }), "current");
  assert.equal(book.apply({ asks: ["1003.0", "2.0"], sequence: 5 }), "applied");
  assert.equal(book.toJSON().asks.length, 310);
});
