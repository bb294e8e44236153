/**
 * The rules of order books as one table of cases (protocol, section 6): events, their outcomes, and
 * the book after them. Two implementations must pass it, in order_book_test.ts and
 * client_book_test.ts. The server's (src/hub/order_book.ts) is built for speed: it applies every
 * increment of every market. The client's (client/src/order_book.ts) is built for size: an app
 * downloads it. Payloads are JSON texts, so that numbers keep all their digits.
 */

/** The outcome of an event. */
export type OrderBookOutcome =
  /** The book is current. An increment at or below its sequence changes nothing. */
  | "current"
  /** The sequence skipped a number: the levels are unchanged, and the book is stale. */
  | "gap"
  /** The event cannot be read: the levels are unchanged, and the book is stale. */
  | "unreadable";

/** An event of one market: its kind, its payload, and its outcome if not `current`. */
export type OrderBookStep = readonly [
  event: "snapshot" | "increment",
  payload: string,
  outcome?: OrderBookOutcome,
];

/** A level, with the strings that a reader shows. */
export type ExpectedLevel = readonly [price: string, amount: string];

/** A sequence of events, and the book after them. */
export interface OrderBookCase {
  readonly name: string;
  readonly steps: readonly OrderBookStep[];
  readonly asks: readonly ExpectedLevel[];
  readonly bids: readonly ExpectedLevel[];
  readonly sequence?: number;
}

const FIRST = '{"asks":[["15.0","22.1"]],"bids":[["14.0","3.0"]],"sequence":1}';
const ASK: ExpectedLevel = ["15.0", "22.1"];
const BID: ExpectedLevel = ["14.0", "3.0"];

/** All amounts that remove a level, as JSON. */
export const REMOVALS: readonly string[] = [
  '""',
  "null",
  '"0"',
  '"0.0"',
  '"0.00000000"',
  '"00.0"',
  '"-0"',
  '"0e8"',
  '"0.0e-3"',
  "0",
  "0.0",
  "-0",
  "0e5",
];

/** Payloads that cannot be read, as an increment or as a snapshot. */
export const UNREADABLE: readonly string[] = [
  '{"asks":[["","1"]],"bids":[],"sequence":2}',
  '{"asks":[[null,"1"]],"bids":[],"sequence":2}',
  '{"asks":[["all","1"]],"bids":[],"sequence":2}',
  '{"asks":[["15.0","many"]],"bids":[],"sequence":2}',
  '{"asks":[["15.0"," "]],"bids":[],"sequence":2}',
  '{"asks":[[["15.0"],"1"]],"bids":[],"sequence":2}',
  '{"asks":[["15.0",["1"]]],"bids":[],"sequence":2}',
  '{"asks":[["15.0",[]]],"bids":[],"sequence":2}',
  '{"asks":[["15.0",true]],"bids":[],"sequence":2}',
  '{"asks":[["15.0"]],"bids":[],"sequence":2}',
  '{"asks":[["15.0","1","3"]],"bids":[],"sequence":2}',
  '{"asks":[["15.0","1"],"16.0"],"bids":[],"sequence":2}',
  '{"asks":["15.0"],"bids":[],"sequence":2}',
  '{"asks":"15.0","bids":[],"sequence":2}',
  '{"asks":{"15.0":"1"},"bids":[],"sequence":2}',
  '{"asks":[],"bids":[],"sequence":2.5}',
  '{"asks":[],"bids":[],"sequence":"two"}',
  '{"asks":[],"bids":[],"sequence":9007199254740993}',
  '{"asks":[],"bids":[],"sequence":"9007199254740993"}',
  '{"asks":[],"bids":[],"sequence":[2]}',
  "[]",
  "null",
  "7",
  '"book"',
];

/** Prices of a side deeper than the 301 levels of a Peatio snapshot. */
const DEEP = Array.from({ length: 400 }, (_, at): ExpectedLevel => [`${1000 + at}.5`, "1.5"]);

/** Every implementation of an order book passes these. */
export const ORDER_BOOK_CASES: readonly OrderBookCase[] = [
  {
    name: "a snapshot is the book, in whatever order its levels are",
    steps: [[
      "snapshot",
      '{"bids":[["9.9","1"],["10.0","2"]],"asks":[["11","1"],["10.5","2"]],"sequence":7}',
    ]],
    asks: [["10.5", "2"], ["11", "1"]],
    bids: [["10.0", "2"], ["9.9", "1"]],
    sequence: 7,
  },
  {
    name: "an increment adds a level, and changes one",
    steps: [
      ["snapshot", FIRST],
      ["increment", '{"asks":["15.5","1.0"],"sequence":2}'],
      ["increment", '{"bids":["14.0","2.5"],"sequence":3}'],
    ],
    asks: [ASK, ["15.5", "1.0"]],
    bids: [["14.0", "2.5"]],
    sequence: 3,
  },
  {
    name: "Peatio removes a level with an empty amount",
    steps: [["snapshot", FIRST], ["increment", '{"asks":["15.0",""],"sequence":2}']],
    asks: [],
    bids: [BID],
    sequence: 2,
  },
  {
    name: "a list removes and adds levels at once",
    steps: [
      ["snapshot", FIRST],
      ["increment", '{"bids":[["14.0",""],["13.0","2.0"]],"sequence":2}'],
    ],
    asks: [ASK],
    bids: [["13.0", "2.0"]],
    sequence: 2,
  },
  ...REMOVALS.map((amount): OrderBookCase => ({
    name: `the amount ${amount} removes a level, and adds none in a snapshot`,
    steps: [
      ["snapshot", `{"asks":[["15.0","22.1"],["16.0",${amount}]],"bids":[["14.0","3.0"]]}`],
      ["increment", `{"bids":["14.0",${amount}]}`],
    ],
    asks: [ASK],
    bids: [],
  })),
  {
    name: "a level that is not there is removed without harm",
    steps: [["snapshot", FIRST], ["increment", '{"asks":["99.0",""],"sequence":2}']],
    asks: [ASK],
    bids: [BID],
    sequence: 2,
  },
  {
    name: "a removal finds the level however its price is spelt",
    steps: [
      ["snapshot", '{"asks":[["0.00000001","5"],["15.0","1"]],"bids":[],"sequence":1}'],
      ["increment", '{"asks":["1e-8",""],"sequence":2}'],
      ["increment", '{"asks":[15,""],"sequence":3}'],
    ],
    asks: [],
    bids: [],
    sequence: 3,
  },
  {
    name: "prices and amounts may be JSON numbers, and keep their digits",
    steps: [
      [
        "snapshot",
        '{"asks":[[12345678901234567890.123,1.10]],"bids":[[12345678901234567890.122, 2]],"sequence":1}',
      ],
      ["increment", '{"bids":[0.000000009000,5E0],"sequence":2}'],
      ["increment", '{"asks":[12345678901234567890.124,3],"sequence":3}'],
      ["increment", '{"bids":[12345678901234567890.122,0.00],"sequence":4}'],
    ],
    asks: [["12345678901234567890.123", "1.10"], ["12345678901234567890.124", "3"]],
    bids: [["0.000000009000", "5E0"]],
    sequence: 4,
  },
  {
    name: "the sequence may be a decimal text",
    steps: [
      ["snapshot", '{"asks":[["15.0","22.1"]],"bids":[],"sequence":"1"}'],
      ["increment", '{"bids":["14.0","3.0"],"sequence":"2"}'],
      ["increment", '{"bids":["14.0","9.0"],"sequence":"2"}'],
      ["increment", '{"asks":["16.0","1"],"sequence":3}'],
    ],
    asks: [ASK, ["16.0", "1"]],
    bids: [BID],
    sequence: 3,
  },
  {
    name: "a sequence as text that skips a number is a gap",
    steps: [["snapshot", FIRST], ["increment", '{"asks":["15.0",""],"sequence":"3"}', "gap"]],
    asks: [ASK],
    bids: [BID],
    sequence: 1,
  },
  {
    name: "the last sequence that a number can hold",
    steps: [
      ["snapshot", '{"asks":[],"bids":[],"sequence":9007199254740990}'],
      ["increment", '{"asks":["15.0","22.1"],"sequence":"9007199254740991"}'],
    ],
    asks: [ASK],
    bids: [],
    sequence: 9007199254740991,
  },
  {
    name: "increments at or below the snapshot's sequence are in it already",
    steps: [
      ["snapshot", FIRST],
      ["increment", '{"asks":["15.0",""],"sequence":1}'],
      ["increment", '{"asks":["15.0",""],"sequence":0}'],
    ],
    asks: [ASK],
    bids: [BID],
    sequence: 1,
  },
  {
    name: "a number that is skipped is a gap",
    steps: [["snapshot", FIRST], ["increment", '{"asks":["15.0",""],"sequence":3}', "gap"]],
    asks: [ASK],
    bids: [BID],
    sequence: 1,
  },
  {
    name: "a snapshot after a restart begins to count again",
    steps: [
      ["snapshot", '{"asks":[["15.0","22.1"]],"bids":[],"sequence":500}'],
      ["snapshot", '{"asks":[],"bids":[["14.0","3.0"]],"sequence":1}'],
      ["increment", '{"asks":["15.0","22.1"],"sequence":2}'],
    ],
    asks: [ASK],
    bids: [BID],
    sequence: 2,
  },
  {
    name: "an exchange that does not count",
    steps: [
      ["snapshot", '{"asks":[["15.0","22.1"]],"bids":[["14.0","3.0"]]}'],
      ["increment", '{"asks":["15.0",""]}'],
      ["increment", '{"bids":[["13.0","1"]],"sequence":null}'],
    ],
    asks: [],
    bids: [BID, ["13.0", "1"]],
  },
  {
    name: "levels deeper than the 301 of a snapshot",
    steps: [
      ["snapshot", JSON.stringify({ asks: DEEP.slice(0, 301), bids: [], sequence: 1 })],
      ...DEEP.slice(301).map((level, at): OrderBookStep => [
        "increment",
        JSON.stringify({ asks: level, sequence: at + 2 }),
      ]),
      ["increment", '{"asks":["1350.5",""],"sequence":101}'],
    ],
    asks: DEEP.filter(([price]) => price !== "1350.5"),
    bids: [],
    sequence: 101,
  },
  ...UNREADABLE.map((payload): OrderBookCase => ({
    name: `an increment ${payload} cannot be read`,
    steps: [["snapshot", FIRST], ["increment", payload, "unreadable"]],
    asks: [ASK],
    bids: [BID],
    sequence: 1,
  })),
  ...[...UNREADABLE, "{}", '{"sequence":2}'].map((payload): OrderBookCase => ({
    name: `a snapshot ${payload} cannot be read`,
    steps: [["snapshot", FIRST], ["snapshot", payload, "unreadable"]],
    asks: [ASK],
    bids: [BID],
    sequence: 1,
  })),
];
