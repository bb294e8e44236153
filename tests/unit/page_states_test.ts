import assert from "node:assert/strict";
import { connect, type State } from "../../client/src/mod.ts";
import { type BookFacts, bookNote } from "../../web/src/book_note.ts";
import { SourceStatus } from "../../web/src/source_status.ts";
import { FakeServer } from "../support/fake_server.ts";
import { describeState } from "../../web/src/connection_state.ts";

/** The page's source status, of the typed client and a server that the test speaks for. */
function connected() {
  const server = new FakeServer();
  const ranger = connect("ws://fake/public", { WebSocket: server.WebSocket });
  const source = new SourceStatus(ranger);
  server.accept();
  return {
    source,
    message: (value: Readonly<Record<string, unknown>>) => {
      for (const [key, payload] of Object.entries(value)) server.send(key, JSON.stringify(payload));
    },
    cut: () => server.cut(),
    [Symbol.dispose]: () => void ranger.close(),
  };
}

const OPEN: State = { status: "open", identity: undefined, source: "up" };
const LOST: State = { status: "waiting", reason: "lost", code: 1001, attempt: 1, retryAt: 9000 };

Deno.test("what the server says of its source is kept until it says otherwise", () => {
  using client = connected();
  const { source, message } = client;
  let changes = 0;
  source.onChange(() => changes++);
  assert.equal(source.down, false);
  message({ status: { message: "source down" } });
  assert.equal(source.down, true);
  message({ status: { message: "source up" } });
  assert.equal(source.down, false);
  message({ status: { message: "something of the future" } });
  message({ "a.trades": { status: { message: "source down" } } });
  assert.equal(source.down, false);
  assert.equal(changes, 2);
});

Deno.test("a stream is stale until its next snapshot, and no other stream's", () => {
  using client = connected();
  const { source, message } = client;
  message({ status: { message: "stale", streams: ["a.ob-inc", "b.ob-inc"] } });
  assert.ok(source.isStale("a.ob-inc") && source.isStale("b.ob-inc"));
  message({ "a.ob-inc": { asks: ["1", "2"] } });
  message({ "c.ob-snap": { asks: [], bids: [] } });
  assert.ok(source.isStale("a.ob-inc"));
  message({ "a.ob-snap": { asks: [], bids: [] } });
  assert.deepEqual([source.isStale("a.ob-inc"), source.isStale("b.ob-inc")], [false, true]);
});

Deno.test("nothing of a lost connection's status is left for the next", () => {
  using client = connected();
  const { source, message } = client;
  message({ status: { message: "source down" } });
  message({ status: { message: "stale", streams: ["a.ob-inc"] } });
  message({ status: { message: "events may be missing", streams: ["a.trades"] } });
  assert.ok(source.isIncomplete("a.trades"));
  assert.ok(source.down);
  client.cut();
  assert.deepEqual(
    [source.down, source.isStale("a.ob-inc"), source.isIncomplete("a.trades")],
    [false, false, false],
  );
});

Deno.test("each state of the connection and its source has its words", () => {
  const all = [
    describeState({ status: "connecting", attempt: 0 }, { online: true, down: false }, 0),
    describeState(OPEN, { online: true, down: false }, 0),
    describeState(OPEN, { online: true, down: true }, 0),
    describeState(LOST, { online: true, down: false }, 0),
    describeState(LOST, { online: false, down: false }, 0),
  ];
  assert.deepEqual(all.map(({ short }) => short), [
    "Connecting…",
    "Live",
    "No data from the exchange",
    "Reconnecting…",
    "Offline",
  ]);
  assert.equal(all[3]!.long, "Reconnecting in 9 s");
  assert.deepEqual(all.map(({ banner }) => banner !== undefined), [false, false, true, true, true]);
});

const FACTS: BookFacts = {
  open: true,
  online: true,
  down: false,
  market: "btcusd",
  misnamed: false,
  listed: undefined,
  seen: false,
  live: false,
  empty: false,
  unreadable: false,
  overdue: true,
};

Deno.test("a missing order book is explained by what is missing", () => {
  const cases: [Partial<BookFacts>, RegExp | undefined][] = [
    [{}, /first snapshot of btcusd/],
    [{ overdue: false }, /^Waiting for the order book/],
    [{ listed: true }, /first snapshot/],
    [{ listed: false }, /lists no market btcusd/],
    // The name is not the reason when nothing arrives at all.
    [{ listed: false, down: true }, /receives nothing from the exchange/],
    [{ open: false }, /connection/],
    [{ open: false, online: false }, /network/],
    [{ market: "" }, /list of markets/],
    [{ misnamed: true, market: "" }, /No market selected/],
    [{ unreadable: true }, /cannot be read/],
    [{ seen: true, live: true }, undefined],
    [{ seen: true, live: true, empty: true }, /empty/],
    [{ seen: true }, /next snapshot/],
    [{ seen: true, down: true }, /receives nothing/],
    [{ seen: true, open: false }, /connection was lost/],
  ];
  for (const [facts, expected] of cases) {
    const note = bookNote({ ...FACTS, ...facts });
    if (expected) assert.match(note ?? "", expected, JSON.stringify(facts));
    else assert.equal(note, undefined);
  }
});
