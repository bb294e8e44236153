/** What `ranger tail` says while no event, or no book, comes. */
import assert from "node:assert/strict";
import { explainBook, SilentStreams } from "../../src/cli/tail/waiting.ts";

Deno.test("a book that does not come is explained by the books that there are", () => {
  const start = "no snapshot of btcsud's order book within 5 s; still waiting";
  assert.equal(explainBook("btcsud", undefined), `${start}. Does the market exist?`);
  assert.equal(
    explainBook("btcsud", ["btcusd.trades"]),
    `${start}. Does the market exist? The server has no order book yet`,
  );
  assert.equal(
    explainBook("btcsud", ["btcusd.ob-inc", "btcusd.ob-snap", "ethusd.ob-snap", "x.trades"]),
    `${start}. Does the market exist? The server has order books of btcusd, ethusd; did you mean btcusd?`,
  );
  assert.equal(
    explainBook("btcsud", ["btcsud.ob-inc"]),
    `${start} for the exchange's next snapshot`,
  );
  const many = Array.from({ length: 30 }, (_, n) => `market${n}.ob-inc`);
  assert.match(explainBook("xyz", many), /order books of market0, (\w+, ){9}…$/);
});

const AVAILABLE = ["btcusd.ob-inc", "btcusd.trades", "ethusd.kline-1m", "global.tickers"];

/** What is said about streams of which none has come, besides those heard. */
function said(
  streams: readonly string[],
  { heard = [], held = streams, available = AVAILABLE }: {
    heard?: readonly string[];
    held?: readonly string[];
    available?: readonly string[] | undefined;
  } = {},
): string | undefined {
  const silent = new SilentStreams(streams);
  for (const name of heard) silent.heard(name);
  return silent.explain(held, available);
}

Deno.test("a stream that does not exist is named, with those that do", () => {
  const start = (names: string) => `no event of ${names} within 5 s; still waiting`;
  assert.equal(
    said(["nosuch.trades"]),
    `${start("nosuch.trades")}. Does the stream exist? ` +
      "The server has had events of btcusd, ethusd, global",
  );
  assert.equal(
    said(["btcsud.trades"]),
    `${start("btcsud.trades")}. Does the stream exist? ` +
      "The server has had events of btcusd, ethusd, global; did you mean btcusd.trades?",
  );
  assert.equal(
    said(["btcusd.trade"]),
    `${start("btcusd.trade")}. Does the stream exist? ` +
      "The server has had events of btcusd.ob-inc, btcusd.trades; did you mean btcusd.trades?",
  );
  assert.equal(
    said(["btcsud", "ordre"]),
    `${start("btcsud, ordre")}. Do the streams exist? ` +
      "The server has had events of btcusd, ethusd, global; did you mean btcusd, order?",
  );
  assert.match(said(["btcsud.bbo"])!, /; did you mean btcusd\.bbo\?$/);
  assert.match(said(["btcsud.trades", "btcusd.trade"])!, /; did you mean btcusd\.trades\?$/);
  assert.equal(
    said(["btcsud.trades", "btcusd.trades"], { heard: ["btcusd.trades"] }),
    said(["btcsud.trades"]),
  );
  assert.equal(
    said(["btcusd.trades"], { available: [] }),
    `${start("btcusd.trades")}. Does the stream exist? The server has had no public event yet`,
  );
  const many = Array.from({ length: 30 }, (_, n) => `market${n}.trades`);
  assert.match(said(["x.y"], { available: many })!, /events of market0, (\w+, ){9}…$/);
});

Deno.test("a server that does not name its streams leaves the question", () => {
  const silent = new SilentStreams(["a.trades"]);
  assert.equal(
    silent.explain(["a.trades"], undefined),
    "no event of a.trades within 5 s; still waiting. Does the stream exist?",
  );
});

Deno.test("a quiet stream that exists is waited for, and not mentioned beside others", () => {
  const waiting = (name: string) =>
    `no event of ${name} within 5 s; still waiting for the next one`;
  const quiet = ["btcusd.trades", "btcusd", "btcusd.ob-snap", "btcusd.bbo", "btcusd.depth-10"];
  // Private streams and those of roles are not listed.
  for (const name of [...quiet, "order", "admin.btcusd.orders"]) {
    assert.equal(said([name]), waiting(name));
    assert.equal(said([name, "global.tickers"], { heard: ["global.tickers"] }), undefined);
  }
  assert.match(said(["ethusd.bbo"])!, /Does the stream exist\? .* events of ethusd\.kline-1m$/);
});

Deno.test("nothing is said of streams that had an event under another name, or were refused", () => {
  const carried: [stream: string, name: string][] = [
    ["btcusd", "btcusd.trades"],
    ["x.ob-inc", "x.ob-snap"],
    ["admin.x.orders", "x.orders"],
    ["my_event", "my_event"],
  ];
  for (const [stream, name] of carried) {
    const silent = new SilentStreams([stream]);
    silent.heard(`other${name}`);
    assert.equal(silent.none, false, stream);
    silent.heard(name);
    assert.equal(silent.none, true, stream);
  }
  const market = new SilentStreams(["x.order"]);
  market.heard("order");
  assert.equal(market.none, false, "the user's own events of that name");
  assert.equal(said(["admin.x.orders", "b.trades"], { held: [] }), undefined);
});

Deno.test("it is known when every stream has had an event, and nothing is said twice", () => {
  const silent = new SilentStreams(["a.trades", "b.trades"]);
  silent.heard("a.trades");
  assert.equal(silent.none, false);
  silent.heard("b.trades");
  assert.equal(silent.none, true);
  const again = new SilentStreams(["nosuch.trades"]);
  assert.notEqual(again.explain(["nosuch.trades"], AVAILABLE), undefined);
  assert.equal(again.explain(["nosuch.trades"], AVAILABLE), undefined);
});
