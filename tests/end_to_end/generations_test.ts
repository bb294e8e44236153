import assert from "node:assert/strict";
import type { Order } from "../../client/src/mod.ts";
import { startExchange } from "../support/exchange.ts";
import { liveClient } from "../support/live_client.ts";
import { ExampleOf2018, RangoPage } from "../support/old_clients.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Increments of the order book; one of them is lost on the way. */
const INCREMENTS = 300;
const LOST = 150;

const order = (id: number) => ({ id, market: "btcusd", kind: "bid", state: "wait" });
const trades = (tid: number) => ({ trades: [{ tid, price: "1.0", amount: "2.0" }] });
/** A price that moves up and down, at which there is now and then nothing left. */
const increment = (n: number) => [`${10 + n % 7}.${n % 3}`, n % 4 === 0 ? "0" : `${n}.5`] as const;

Deno.test("clients of three generations follow one server at once, and each is right", async () => {
  await using exchange = await startExchange(broker);
  const { ranger, key } = exchange;
  const streams = ["btcusd.trades", "btcusd.update", "order", "global.tickers"];

  await exchange.publish("public.btcusd.ob-snap", { asks: [], bids: [], sequence: 0 });
  await exchange.settled();

  // 2018: the token by message, events as arrays, the state of the market as a whole.
  const host = `127.0.0.1:${ranger.port}`;
  const tokenOf2018 = await key.token({ uid: "ID2018" });
  await using old = new ExampleOf2018(host, streams, tokenOf2018, "&envelope=tuple");
  await old.logged("Authenticated.");

  // The baseapp frontend, behind its gateway: the token by header, increments checked by number.
  const base = ranger.url("/api/v2/ranger");
  const headers = { Authorization: `Bearer ${await key.token({ uid: "IDPAGE" })}` };
  await using page = new RangoPage(`${base}/private`, [...streams, "btcusd.ob-inc"], headers);
  assert.equal((await page.subscribed(1)).length, 5);

  // The typed client: the token when it is asked for, the order book as a book.
  await using typed = liveClient(ranger.url("/public"), {
    token: () => key.token({ uid: "IDTYPED" }),
  });
  const orders: Order[] = [];
  const tids: unknown[] = [];
  const books: (number | undefined)[] = [];
  let done = false;
  typed.ranger.on("order", (order) => void orders.push(order));
  typed.ranger.on("btcusd.trades", ({ trades }) => void tids.push(trades[0]?.tid));
  typed.ranger.on("global.tickers", () => done = true);
  const book = typed.ranger.book("btcusd", { notify: "message" });
  book.onChange(() => void books.push(book.live ? book.sequence : undefined));
  await typed.seen(
    () =>
      book.live && typed.ranger.state.status === "open" && typed.ranger.state.identity ||
      undefined,
    "its book and its identity",
  );

  const asks = new Map<string, string>();
  for (let n = 1; n <= INCREMENTS; n++) {
    const [price, amount] = increment(n);
    if (amount === "0") asks.delete(price);
    else asks.set(price, amount);
    if (n !== LOST) {
      await exchange.publish("public.btcusd.ob-inc", { asks: [price, amount], sequence: n });
    }
    // What makes up for the lost one comes ten increments later.
    if (n === LOST + 10) {
      await exchange.publish("public.btcusd.ob-snap", { asks: [...asks], bids: [], sequence: n });
    }
    if (n % 10 === 0) {
      await exchange.publish("public.btcusd.trades", trades(n));
      for (const uid of ["ID2018", "IDPAGE", "IDTYPED", "IDNOBODY"]) {
        await exchange.publish(`private.${uid}.order`, { ...order(n), note: uid });
      }
    }
  }
  const update = { asks: [...asks].slice(0, 1), bids: [] };
  await exchange.publish("public.btcusd.update", update);
  await exchange.publish("global.tickers", {});

  const tens = Array.from({ length: INCREMENTS / 10 }, (_, at) => 10 * (at + 1));
  const of = (uid: string) => tens.map((n) => ({ ...order(n), note: uid }));

  await old.logged("global.tickers {}");
  const logged = (stream: string) => old.log.filter((line) => line.startsWith(`${stream} `));
  const events = (stream: string, payloads: readonly unknown[]) =>
    payloads.map((payload) => `${stream} ${JSON.stringify(payload)}`);
  assert.deepEqual(logged("order"), events("order", of("ID2018")));
  assert.deepEqual(logged("btcusd.trades"), events("btcusd.trades", tens.map(trades)));
  assert.deepEqual(logged("btcusd.update"), events("btcusd.update", [update]));
  // Besides those, its two answers and the tickers.
  assert.equal(old.log.length, 2 * tens.length + 4);
  assert.deepEqual(old.failures, []);

  await page.namesUpTo("global.tickers");
  const came = (stream: string) =>
    page.events.filter(([name]) => name === stream).map(([, payload]) => payload);
  const sequences = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at);
  assert.deepEqual(came("order"), of("IDPAGE"));
  assert.deepEqual(came("btcusd.trades"), tens.map(trades));
  assert.deepEqual(came("btcusd.update"), [update]);
  // In step before the gap, silent in it, in step again from the new state on: nothing to
  // reconnect for.
  assert.deepEqual(
    came("btcusd.ob-inc").map((payload) => (payload as { sequence: number }).sequence),
    [...sequences(1, LOST - 1), ...sequences(LOST + 11, INCREMENTS)],
  );
  assert.equal(came("btcusd.ob-snap").length, 2);
  assert.deepEqual(page.complaints, []);

  await typed.seen(() => done || undefined, "the tickers");
  assert.deepEqual(orders, of("IDTYPED"));
  assert.deepEqual(tids, tens);
  const byPrice = ([a]: readonly [string, string], [b]: readonly [string, string]) =>
    Number(a) - Number(b);
  assert.deepEqual(
    book.depth().asks.map(({ price, amount }) => [price, amount]),
    [...asks].sort(byPrice),
  );
  assert.equal(book.sequence, INCREMENTS);
  assert.deepEqual(books, [
    0,
    ...sequences(1, LOST - 1),
    // The server says that the book is stale.
    undefined,
    ...sequences(LOST + 10, INCREMENTS),
  ]);
  assert.deepEqual(typed.errors, []);
  assert.deepEqual(typed.states.map(({ status }) => status).filter((is) => is !== "open"), []);
});
