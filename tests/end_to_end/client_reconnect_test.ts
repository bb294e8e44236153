import assert from "node:assert/strict";
import { backoff } from "../../client/src/reconnector.ts";
import type { Book } from "../../client/src/mod.ts";
import { bounded } from "../../testing/bounded.ts";
import { BookMarket } from "../support/book_market.ts";
import { type Exchange, freshWord, startExchange } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { first, type LiveClient, liveClient } from "../support/live_client.ts";
import { freePort } from "../../testing/ports.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";

const broker = await sharedBroker();

/** Awaits a book to be live, and what the market's is. */
async function agrees(book: Book, { book: { sequence } }: BookMarket): Promise<void> {
  async function loop(): Promise<void> {
    for await (const { live } of book) if (live && book.sequence === sequence) return;
  }
  await bounded(loop(), () => `sequence ${sequence} in ${JSON.stringify(book.depth())}`);
}

function prices(book: Book): string[][] {
  const { asks, bids } = book.depth();
  return [asks, bids].map((levels) => levels.map(({ price, amount }) => `${price} ${amount}`));
}

/** A market with a book, published, and followed by the client. */
async function followed(
  exchange: Exchange,
  client: LiveClient,
): Promise<{ market: BookMarket; book: Book }> {
  const market = new BookMarket(freshWord(), 0);
  market.increment({ asks: ["15.0", "1.50"], bids: ["14.5", "2"] });
  await exchange.publish(`public.${market.id}.ob-snap`, market.snapshot());
  await exchange.settled();
  const book = client.ranger.book(market.id);
  await agrees(book, market);
  return { market, book };
}

Deno.test("a server that is restarted is found again, and all that was held comes on", async () => {
  const port = String(freePort());
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--port", port, "--drain-seconds", "0"],
  });
  await using client = liveClient(exchange.ranger.url("/public"));
  const { market, book } = await followed(exchange, client);
  const events = first(client.ranger.stream(`${market.id}.x`), 2);
  await client.seen(() => client.messages.find((text) => text.includes(".x")), "the answer");
  await exchange.publish(`public.${market.id}.x`, '"before"');
  await exchange.settled();

  await exchange.ranger.stop();
  await client.status("waiting");
  const loss = client.states.find((state) => state.status === "waiting");
  assert.equal(loss?.code, 1001, loss?.reason);
  assert.equal(book.live, false);
  assert.deepEqual(prices(book), [["15.0 1.50"], ["14.5 2"]], "it shows what it had");

  const told = client.messages.length;
  await using again = await startRanger({
    args: [...exchange.source, "--no-auth", "--port", port],
  });
  await again.consuming();
  await client.status("open");
  await client.seen(
    () => client.messages.slice(told).find((text) => text.includes(".ob-inc")),
    "the subscription to come back",
  );
  await exchange.publish(`public.${market.id}.x`, '"after"');
  assert.deepEqual(await events, ["before", "after"]);
  market.increment({ bids: ["14.5", "0"], asks: ["15.5", "1"] });
  await exchange.publish(`public.${market.id}.ob-snap`, market.snapshot());
  await agrees(book, market);
  assert.deepEqual(prices(book), [["15.0 1.50", "15.5 1"], []]);
});

Deno.test("a connection that is cut, or on which nothing moves, is replaced", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using gate = new Gate(exchange.ranger.url());
  await gate.open();
  await using client = liveClient(`${gate.url}public`, { pingInterval: 100, timeout: 1000 });
  const { market, book } = await followed(exchange, client);
  const next = async () => {
    await exchange.publish(
      `public.${market.id}.ob-inc`,
      market.increment({ asks: [String(20 + market.book.sequence!), "1"] }),
    );
  };
  for (const what of ["cut", "jam"] as const) {
    const before = client.states.length;
    await gate[what]();
    await next();
    const waiting = await client.seen(
      () => client.states.slice(before).find((state) => state.status === "waiting"),
      `the loss by ${what}`,
    );
    assert.match(
      waiting.reason,
      what === "jam" ? /no answer within 1000 ms/ : /the connection was lost/,
    );
    assert.equal(book.live, false);
    await agrees(book, market);
    await next();
    await agrees(book, market);
    assert.equal(prices(book)[0]!.length, market.book.asks.size);
  }
  assert.ok(await client.ranger.ping() > 0);
});

Deno.test("increments that were lost with the broker are made good by the server, and the book is right", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using exchange = await startExchange(broker, { auth: false });
  const source = exchange.source.map((arg) => arg === broker.url ? gate.url : arg);
  await using behind = await startRanger({ args: [...source, "--no-auth"] });
  await behind.consuming();
  await using client = liveClient(behind.url("/public"));
  const { market, book } = await followed(exchange, client);
  let marker: unknown;
  client.ranger.on(`${market.id}.x`, (payload) => marker = payload);
  await client.seen(() => client.messages.find((text) => text.includes(".x")), "the answer");
  await gate.shut();
  const lost = market.increment({ asks: ["15.0", "0"] });
  await exchange.publish(`public.${market.id}.ob-inc`, lost);
  await gate.open();
  await behind.consuming(2);
  const next = market.increment({ asks: ["16.0", "1"] });
  await exchange.publish(`public.${market.id}.ob-inc`, next);
  await exchange.publish(`public.${market.id}.x`, 1);
  await client.seen(() => marker, "what was published after the gap");
  assert.deepEqual(prices(book)[0], ["15.0 1.50"], "of a gap nothing is seen");
  await exchange.publish(`public.${market.id}.ob-snap`, market.snapshot());
  await agrees(book, market);
  assert.deepEqual(prices(book), [["16.0 1"], ["14.5 2"]]);
  assert.equal(client.states.filter(({ status }) => status === "waiting").length, 0);
});

Deno.test("a second book, and a late listener to increments, have the state sent once more", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using client = liveClient(exchange.ranger.url("/public"));
  const { market, book } = await followed(exchange, client);
  const second = client.ranger.book(market.id);
  await agrees(second, market);
  assert.deepEqual(prices(second), prices(book));
  book.close();
  await exchange.publish(
    `public.${market.id}.ob-inc`,
    market.increment({ asks: ["16.0", "1"] }),
  );
  await agrees(second, market);
  assert.deepEqual([book.live, prices(book)[0]!.length], [false, 1]);
  assert.deepEqual(client.ranger.streams, [`${market.id}.ob-inc`]);
  const snapshot = first(client.ranger.stream(`${market.id}.ob-snap`), 1);
  client.ranger.on(`${market.id}.ob-inc`, () => {});
  assert.equal((await snapshot)[0]!.sequence, market.book.sequence);
});

Deno.test("a book tells of many changes once a frame, or of each", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using client = liveClient(exchange.ranger.url("/public"));
  const { market, book } = await followed(exchange, client);
  const every = client.ranger.book(market.id, { notify: "message" });
  await agrees(every, market);
  let frames = 0;
  let messages = 0;
  book.onChange(() => frames++);
  const begun = performance.now();
  every.onChange(() => messages++);
  const bodies = Array.from(
    { length: 200 },
    (_, at) => market.increment({ asks: [`${20 + at}`, "1"] }),
  );
  await Promise.all(bodies.map((body) => exchange.publish(`public.${market.id}.ob-inc`, body)));
  await agrees(book, market);
  assert.equal(messages, 200);
  // Timers may fire a fraction of a millisecond early.
  const most = Math.floor((performance.now() - begun) / 15) + 1;
  assert.ok(frames > 0 && frames <= most, `${frames} frames in the time of ${most}`);
});

Deno.test("it gives up after the maximum of attempts, and reports the reason", async () => {
  await using gate = new Gate("ws://127.0.0.1:1/");
  await gate.open({ turnAway: true });
  await using client = liveClient(gate.url, { maxReconnectAttempts: 3, minReconnectDelay: 1 });
  const loop = first(client.ranger.stream("a.b"), 1);
  await client.status("closed");
  assert.deepEqual(
    client.states.map(({ status }) => status),
    ["waiting", "connecting", "waiting", "connecting", "closed"],
  );
  assert.equal(gate.taken, 3);
  // Deno's WebSocket says why; a browser's does not.
  const { reason } = client.ranger.state as { reason: string };
  assert.match(reason, /could not be reached|failed to connect/);
  assert.deepEqual(await loop, [], "loops end");
});

Deno.test("a good connection that is lost has all its attempts", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  const { now } = performance;
  try {
    for (const attempts of [1, 2]) {
      await using gate = new Gate(exchange.ranger.url());
      await gate.open();
      await using client = liveClient(`${gate.url}public`, {
        maxReconnectAttempts: attempts,
        minReconnectDelay: 1,
      });
      await client.status("open");
      performance.now = () => now.call(performance) + 11_000;
      await gate.cut();
      await client.status("waiting");
      await client.status("open");
      performance.now = () => now.call(performance) + 22_000;
      const told = client.states.length;
      await gate.shut();
      await client.status("closed");
      const tried = client.states.slice(told).filter(({ status }) => status === "connecting");
      assert.equal(tried.length, attempts);
    }
  } finally {
    performance.now = now;
  }
});

Deno.test("signing out reconnects with a reset backoff", async () => {
  await using exchange = await startExchange(broker);
  await using gate = new Gate(exchange.ranger.url());
  let token: string | undefined = await exchange.key.token();
  await using client = liveClient(`${gate.url}public`, { token: () => token });
  await client.seen(
    () => client.states.find((state) => state.status === "waiting" && state.attempt > 1),
    "attempts in vain",
  );
  await gate.open();
  await client.seen(
    () => client.states.find((state) => state.status === "open" && state.identity),
    "the identity",
  );
  const told = client.states.length;
  token = undefined;
  client.ranger.renewToken();
  const next = await client.seen(() => client.states[told], "a new connection");
  assert.deepEqual(next, { status: "connecting", attempt: 0 });
});

Deno.test("an error that ends a book goes to its loops, and without any to onError", async () => {
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--limits-streams", "1"],
  });
  await using client = liveClient(exchange.ranger.url("/public"));
  const { ranger } = client;
  ranger.on("a.b", () => {});
  await client.seen(() => client.messages.find((text) => text.includes("a.b")), "the answer");
  await assert.rejects(first(ranger.book("btcusd"), 1), { code: "too-many-streams" });
  assert.deepEqual(client.errors, []);
  ranger.book("ethusd");
  const error = await client.seen(() => client.errors[0], "the error");
  assert.deepEqual([error.code, error.stream], ["too-many-streams", "ethusd.ob-inc"]);
});

Deno.test("a server that accepts and says nothing is given up, and tried again", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using client = liveClient(`ws://127.0.0.1:${listener.addr.port}/`, { timeout: 200 });
  using _first = await listener.accept();
  using _second = await listener.accept();
  const waiting = client.states.find((state) => state.status === "waiting");
  assert.equal(waiting?.reason, "no answer within 200 ms");
});

Deno.test("a signal ends everything, at any time", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  const url = exchange.ranger.url("/public");
  assert.equal(liveClient(url, { signal: AbortSignal.abort() }).ranger.state.status, "closed");

  const controller = new AbortController();
  await using client = liveClient(url, { signal: controller.signal });
  const { book } = await followed(exchange, client);
  const loop = first(client.ranger.stream("a.b"), 1);
  const books = first(book, 1_000_000);
  controller.abort();
  const { reason: cause } = controller.signal;
  const closed = { status: "closed", reason: "aborted", code: undefined, cause };
  assert.deepEqual(client.ranger.state, closed);
  assert.deepEqual([await loop, (await books).length, book.live], [[], 1, false]);
  await client.ranger.close();
});

Deno.test("a page that is online again does not wait any longer", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using gate = new Gate(exchange.ranger.url());
  const waits = { minReconnectDelay: 2_000_000_000, maxReconnectDelay: 2_000_000_000 };
  await using client = liveClient(`${gate.url}public`, waits);
  await client.status("waiting");
  await gate.open();
  globalThis.dispatchEvent(new Event("online"));
  await client.status("open");
});

Deno.test("waits grow, end somewhere, and are anything from nothing on", () => {
  const settings = { minReconnectDelay: 500, maxReconnectDelay: 30_000 };
  const longest = Array.from({ length: 9 }, (_, attempt) => backoff(attempt, settings, 1));
  assert.deepEqual(longest, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(backoff(5, settings, 0), 0);
  const random = Array.from({ length: 1000 }, () => backoff(6, settings));
  assert.ok(Math.min(...random) < 3000 && Math.max(...random) > 27_000);
});
