/** The typed client's books, verified by the server's checksums. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { LiveBook } from "../../client/src/book.ts";
import { bookChecksum, verifyBook } from "../../client/src/checksum.ts";
import { parseMessage } from "../../client/src/message.ts";
import { type Book, connect, type RangerError } from "../../client/src/mod.ts";
import { Flusher } from "../../src/delivery/flusher.ts";
import { bookChecksum as checksumOfServer } from "../../src/hub/book_checksum.ts";
import { Hub } from "../../src/hub/hub.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import { BookWire } from "../support/book_wire.ts";
import { EventFollower } from "../support/event_follower.ts";
import { exchangeFlow, playFlow } from "../support/exchange_flow.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeServer } from "../support/fake_server.ts";
import { HUB_LIMITS } from "../support/hub_limits.ts";
import { KRAKEN_BOOK } from "../support/kraken_book.ts";
import { runs } from "../support/runs.ts";
import { sourceEvent } from "../support/source_event.ts";

/** Longer than any wait before a book is requested again. */
const LONG_MS = 31_000;

/** A payload with the checksum that the server computes for a book. */
function withChecksum(payload: object, asks: [string, string][], bids: [string, string][]): string {
  return JSON.stringify({ ...payload, checksum: checksumOfServer(asks, bids) });
}

Deno.test("the client computes the checksum of Kraken's own example", () => {
  const level = ([price, amount]: readonly [string, string]) => ({ price, amount, total: "0" });
  const { asks, bids, checksum } = KRAKEN_BOOK;
  const depth = { asks: asks.map(level), bids: bids.map(level) };
  assert.equal(bookChecksum({ depth: () => depth }), checksum);
  assert.equal(bookChecksum({ depth: () => ({ asks: [], bids: [] }) }), 0);
});

Deno.test("a client's book agrees with the server's after each message", () => {
  let checked = 0;
  fc.assert(
    fc.property(exchangeFlow({ opening: 15 }), fc.boolean(), (flow, asNumbers) => {
      const { events } = playFlow(flow);
      const hub = new Hub({
        ...{ registry: peatioRegistry, flusher: new Flusher(), mode: "open" },
        ...HUB_LIMITS,
      });
      const follower = new EventFollower(hub, ["ethusd.ob-inc"], { checksums: true });
      const wire = new BookWire("ethusd");
      const book = new LiveBook(
        "ethusd",
        { notify: "message" },
        wire,
        assert.ifError,
        () => {},
        (book, payload) => {
          if ((payload as { checksum?: number }).checksum !== undefined) checked++;
          return verifyBook(book, payload);
        },
      );
      for (const { routingKey, body } of events) {
        const text = new TextDecoder().decode(body);
        const sent = asNumbers ? text.replace(/"(\d+(?:\.\d+)?)"/g, "$1") : text;
        hub.deliver(sourceEvent(routingKey, new TextEncoder().encode(sent)));
        for (const message of follower.read()) {
          const [stream = ""] = Object.keys(parseMessage(message));
          const kind = stream.endsWith("snap") ? "ob-snap" : "ob-inc";
          wire.send(kind, message.slice(message.indexOf(":") + 1, -1));
          assert.deepEqual([book.live, wire.requested], [true, false], message);
        }
      }
    }),
    { numRuns: runs(60) },
  );
  assert.ok(checked > 500, `${checked} checksums`);
});

/** A client that verifies its book, and a server whose increments may be changed on their way. */
class Market implements Disposable {
  readonly clock: FakeClock = new FakeClock();
  readonly server: FakeServer = new FakeServer();
  readonly errors: RangerError[] = [];
  readonly lives: boolean[] = [];
  readonly book: Book;

  constructor(welcome: (market: Market) => void) {
    this.clock.random = 1;
    this.server.onSubscribe = () => welcome(this);
    const ranger = connect("ws://fake/public", { WebSocket: this.server.WebSocket, verifyBook });
    ranger.onError((error) => this.errors.push(error));
    this.book = ranger.book("btcusd", { notify: "message" });
    this.book.onChange(({ live }) => void this.lives.push(live));
    this.server.accept();
    this.clock.pass(1000);
  }

  get subscriptions(): number {
    return this.server.requests.filter(({ event }) => event === "subscribe").length;
  }

  [Symbol.dispose](): void {
    this.book.close();
    this.clock[Symbol.dispose]();
  }
}

const SNAPSHOT = withChecksum(
  { asks: [["15.0", "1"]], bids: [["14.0", "5"]], sequence: 1 },
  [["15.0", "1"]],
  [["14.0", "5"]],
);
/** Two levels were published; only one arrives. */
const CHANGED = withChecksum(
  { asks: [["15.0", "2"]], sequence: 2 },
  [["15.0", "2"], ["15.5", "1"]],
  [
    ["14.0", "5"],
  ],
);
const HEALED = withChecksum(
  { asks: [["15.0", "2"], ["15.5", "1"]], bids: [["14.0", "5"]], sequence: 2 },
  [["15.0", "2"], ["15.5", "1"]],
  [["14.0", "5"]],
);

Deno.test("a book from which a level was lost is not live, and is requested again", () => {
  let snapshot = SNAPSHOT;
  using market = new Market(({ server }) => server.send("btcusd.ob-snap", snapshot));
  assert.equal(market.book.live, true);
  snapshot = HEALED;
  market.server.send("btcusd.ob-inc", CHANGED);
  assert.equal(market.book.live, false);
  market.clock.pass(LONG_MS);
  assert.equal(market.book.live, true);
  assert.equal(market.book.depth().asks.length, 2);
  assert.deepEqual(market.lives, [true, false, true]);
  assert.equal(market.subscriptions, 2);
  assert.deepEqual(market.errors.map(({ code, stream }) => [code, stream]), [
    ["protocol", "btcusd.ob-inc"],
  ]);
  // An increment that the snapshot contains has the checksum of an older book.
  market.server.send("btcusd.ob-inc", CHANGED.replace('"sequence":2', '"sequence":1'));
  market.server.send("btcusd.ob-inc", '{"bids":["13.0","1"],"sequence":3}');
  assert.equal(market.book.live, true, "without a checksum there is nothing to compare");
});

Deno.test("a book that never agrees is requested ever less often, and reported once", () => {
  const wrong = SNAPSHOT.replace(/"checksum":\d+/, '"checksum":1');
  using market = new Market(({ server }) => server.send("btcusd.ob-snap", wrong));
  market.clock.pass(600_000);
  assert.equal(market.book.live, false);
  assert.deepEqual(market.errors.map(({ stream }) => stream), ["btcusd.ob-snap"]);
  const waits = market.server.waits("btcusd.ob-inc");
  assert.ok(waits.length > 8 && waits.length < 30, `${waits}`);
  assert.ok(waits.at(-1)! >= 30_000, `${waits}`);
});
