import assert from "node:assert/strict";
import ws from "ws";
import {
  type Kline,
  type PayloadOf,
  RangerError,
  type StreamOptions,
  type Tickers,
  type Trades,
} from "../../client/src/mod.ts";
import { PRIVATE_STREAMS, STREAM_KINDS } from "../../client/src/streams.ts";
import { type PeatioPayload, peatioRegistry } from "../../src/streams/peatio.ts";
import { freshWord, startExchange, step } from "../support/exchange.ts";
import { first, liveClient } from "../support/live_client.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Compiles only if both are the same type. */
function same<A, B>(
  _: [A] extends [B] ? [B] extends [A] ? true : [A, "is not", B] : [A, "is not", B],
): void {}

/** Compiles only if A is assignable to B. */
function fits<A extends B, B>(_: A extends B ? true : never): void {}

Deno.test("names have the types of the server's registry, and unknown names are unknown", () => {
  same<PayloadOf<"btcusd.trades">, Trades>(true);
  same<PayloadOf<"btcusd.kline-1m">, Kline>(true);
  same<PayloadOf<"btcusd.kline-7m">, unknown>(true);
  same<PayloadOf<"global.tickers">, Tickers>(true);
  same<PayloadOf<"btcusd">, unknown>(true);
  same<PayloadOf<string>, unknown>(true);
  fits<PayloadOf<"x.update">, PeatioPayload<"x.update">>(true);
  fits<PayloadOf<"x.trades">, PeatioPayload<"x.trades">>(true);
  fits<PayloadOf<"x.ob-snap">, PeatioPayload<"x.ob-snap">>(true);
  fits<PayloadOf<"x.ob-inc">, PeatioPayload<"x.ob-inc">>(true);
  same<PayloadOf<"x.kline-1w">, PeatioPayload<"x.kline-1w">>(true);
  fits<PayloadOf<"global.tickers">, PeatioPayload<"global.tickers">>(true);
  fits<PayloadOf<"order">, PeatioPayload<"order">>(true);
  fits<PayloadOf<"trade">, PeatioPayload<"trade">>(true);
  fits<PayloadOf<"deposit_address">, PeatioPayload<"deposit_address">>(true);
  same<PayloadOf<"balances">, PeatioPayload<"balances">>(true);
  assert.deepEqual(
    STREAM_KINDS.map(({ name, scope }) => [name, scope]),
    peatioRegistry.kinds.map(({ label, scope }) => [label, scope]),
  );
  assert.deepEqual(
    PRIVATE_STREAMS,
    STREAM_KINDS.flatMap(({ name, scope }) => scope === "private" ? [name] : []),
  );
});

Deno.test("the typed client reads streams", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--rbac", "admin=superadmin", "--limits-streams", "300"],
  });
  const url = exchange.ranger.url("/public");

  await step(t, "as loops and by callbacks, until they are left", async () => {
    await using client = liveClient(url);
    const { ranger } = client;
    const market = freshWord();
    const called: unknown[] = [];
    const stop = ranger.on(`${market}.trades`, ({ trades }, name) => called.push(name, trades));
    const wholeMarket: string[] = [];
    ranger.on(market, (_, name) => wholeMarket.push(name));
    const candles = first(ranger.stream(`${market}.kline-1m`), 2);
    await client.seen(() => client.messages.find((text) => text.includes("kline")), "the answer");
    await exchange.publish(`public.${market}.trades`, { trades: [] });
    await exchange.publish(`public.${market}.kline-1m`, [1, "2.50", 3, 4, 5, 6]);
    await exchange.publish(`public.${market}.kline-1m`, [2, "2.50", 3, 4, 5, 6]);
    assert.deepEqual((await candles).map(([time, open]) => [time, open]), [[1, "2.50"], [
      2,
      "2.50",
    ]]);
    assert.deepEqual(called, [`${market}.trades`, []]);
    assert.deepEqual(wholeMarket, [`${market}.trades`, `${market}.kline-1m`, `${market}.kline-1m`]);
    stop();
    stop();
    await client.seen(
      () => client.messages.find((text) => text.endsWith(`"streams":["${market}"]}}`)),
      "what nobody wants any more to be let go of",
    );
    assert.deepEqual(ranger.streams, [market]);
    assert.deepEqual(client.errors, []);
  });

  await step(
    t,
    "two hundred and fifty names go into few messages, none of them too long",
    async () => {
      await using client = liveClient(url);
      const names = Array.from({ length: 250 }, (_, at) => `${freshWord()}-žluťoučký.${at}`);
      for (const name of names) client.ranger.on(name, () => {});
      const listed = (text: string) => JSON.parse(text).success?.streams?.length === names.length;
      await client.seen(() => client.messages.find(listed), "all to be held");
      assert.ok(client.messages.length < 20, `${client.messages.length} answers`);
      assert.equal(client.states.filter(({ status }) => status === "waiting").length, 0);
    },
  );

  await step(t, "names that need many messages are asked for no faster than may be", async () => {
    // Names of this length are more than 256 streams may have.
    await using roomy = await startExchange(broker, { args: ["--limits-streams=4000"] });
    await using client = liveClient(roomy.ranger.url("/public"));
    const market = freshWord();
    // Nine per message: more messages than the server accepts in a burst.
    const names = Array.from({ length: 420 }, (_, at) => `${market}.${"x".repeat(200)}${at}`);
    for (const name of names) client.ranger.on(name, () => {});
    const whole = names.join().length;
    const listed = (text: string) =>
      text.length > whole && JSON.parse(text).success?.streams?.length === names.length;
    await client.seen(() => client.messages.find(listed), "all to be held");
    assert.deepEqual(client.states.map(({ status }) => status), ["open"]);
  });

  await step(t, "a refusal is reported to the subscription that it concerns", async () => {
    await using client = liveClient(url, {
      token: await exchange.key.token({ uid: freshWord(), role: "member" }),
    });
    const { ranger } = client;
    ranger.on("admin.usdbtc.orders", () => assert.fail("nothing comes"));
    const refused = await client.seen(() => client.errors[0], "the refusal");
    assert.deepEqual([refused.code, refused.stream], ["refused", "admin.usdbtc.orders"]);
    await assert.rejects(
      first(ranger.stream("admin.usdbtc.orders"), 1),
      (error: unknown) => error instanceof RangerError && error.code === "refused",
    );
    assert.deepEqual(ranger.streams, []);
    assert.equal(client.errors.length, 1, "a loop's error is the loop's");
  });

  await step(t, "a role's streams come, under the names that they are asked for", async () => {
    const token = await exchange.key.token({ uid: freshWord(), role: "superadmin" });
    await using client = liveClient(url, { token: () => token });
    const market = freshWord();
    const orders = first(client.ranger.stream(`admin.${market}.orders`), 1);
    const held = `"streams":["admin.${market}.orders"]`;
    await client.seen(() => client.messages.find((text) => text.includes(held)), "the answer");
    await exchange.publish(`admin.${market}.orders`, { id: 7 });
    assert.deepEqual(await orders, [{ id: 7 }]);
  });

  await step(t, "a stream above the limit is reported, and the others continue", async () => {
    await using client = liveClient(url);
    const market = freshWord();
    for (let at = 0; at <= 300; at++) client.ranger.on(`${market}.event${at}`, () => {});
    const error = await client.seen(() => client.errors[0], "the refusal");
    assert.deepEqual([error.code, error.stream], ["too-many-streams", `${market}.event300`]);
    assert.equal(client.ranger.streams.length, 300);
  });

  await step(t, "invalid arguments throw, and the message names valid ones", async () => {
    await using client = liveClient(url);
    const { ranger } = client;
    const code = (code: string, message: RegExp) => (error: unknown) =>
      error instanceof RangerError && error.code === code && message.test(error.message);
    assert.throws(() => ranger.on("order", () => {}), code("unauthenticated", /token: \(\) =>/));
    assert.throws(() => ranger.on("", () => {}), code("name", /btcusd\.trades/));
    assert.throws(() => ranger.book("btcusd,ethusd"), code("name", /btcusd,ethusd/));
    await assert.rejects(first(ranger.stream("trade"), 1), code("unauthenticated", /token/));
    await assert.rejects(
      first(ranger.stream("a.b", { buffer: 0 }), 1),
      code("option", /buffer must be 1 or more, not 0/),
    );
    const newest = { overflow: "newest" } as unknown as StreamOptions;
    await assert.rejects(
      first(ranger.stream("a.b", newest), 1),
      code("option", /overflow must be latest, drop-oldest or error, not newest/),
    );
    const none = WebSocket;
    const connecting = (url: string, options = {}) => () => liveClient(url, options);
    assert.throws(connecting("ftp://example.com"), code("url", /wss:\/\/example\.com\/public/));
    assert.throws(connecting("not a url"), code("url", /not a url/));
    assert.throws(connecting("wss://example.com/private"), code("url", /\/public/));
    assert.throws(connecting(url, { timeout: -1 }), code("option", /timeout .*-1/));
    try {
      Reflect.deleteProperty(globalThis, "WebSocket");
      assert.throws(connecting(url), code("no-websocket", /Node 22/));
    } finally {
      globalThis.WebSocket = none;
    }
    await ranger.close();
    assert.throws(() => ranger.on("a.b", () => {}), code("closed", /closed by the client/));
    await assert.rejects(ranger.ping(), code("not-connected", /not open/));
  });

  await step(t, "the WebSocket of npm's ws works in its place", async () => {
    await using client = liveClient(url, { WebSocket: ws });
    const market = freshWord();
    const event = first(client.ranger.stream(`${market}.x`), 1);
    await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
    await exchange.publish(`public.${market}.x`, 1);
    assert.deepEqual(await event, [1]);
  });

  await step(t, "a listener that throws keeps nothing from the others", async () => {
    await using client = liveClient(url);
    const market = freshWord();
    const reported = new Promise<ErrorEvent>((resolve) => {
      addEventListener("error", (event) => (event.preventDefault(), resolve(event)), {
        once: true,
      });
    });
    client.ranger.on(`${market}.x`, () => {
      throw new Error("a mistake of the app's");
    });
    const event = first(client.ranger.stream(`${market}.x`), 1);
    await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
    await exchange.publish(`public.${market}.x`, 1);
    assert.deepEqual(await event, [1]);
    assert.equal((await reported).message, "Uncaught Error: a mistake of the app's");
  });
});

Deno.test("a server that is strict refuses names that it does not know, and the error says so", async () => {
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--streams-mode", "strict"],
  });
  await using client = liveClient(exchange.ranger.url("/public"));
  client.ranger.on("btcusd.kline-7m", () => {});
  const error = await client.seen(() => client.errors[0], "the refusal");
  assert.equal(error.code, "refused");
  assert.match(error.message, /"btcusd\.kline-7m": it has no such stream/);
});

Deno.test("a slow loop keeps what its policy says", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using client = liveClient(exchange.ranger.url("/public"));
  const { ranger } = client;
  const market = freshWord();
  const name = `${market}.x`;
  const seen: unknown[] = [];
  ranger.on(name, (value) => seen.push(value));
  const loop = (options: Parameters<typeof ranger.stream>[1]) =>
    ranger.stream(name, options)[Symbol.asyncIterator]();
  const latest = loop({ overflow: "latest" });
  const oldest = loop({ overflow: "drop-oldest", buffer: 3 });
  const strict = loop({ buffer: 3 });
  const left = loop({ buffer: 3 });
  await client.seen(() => client.messages.find((text) => text.includes(name)), "the answer");
  for (let at = 1; at <= 5; at++) await exchange.publish(`public.${name}`, at);
  await client.seen(() => seen.length === 5 ? true : undefined, "all five");
  const values = async (iterator: AsyncIterator<unknown>, count: number) => {
    const read: unknown[] = [];
    while (read.length < count) read.push((await iterator.next()).value);
    return read;
  };
  assert.deepEqual(await values(latest, 1), [5]);
  assert.deepEqual(await values(oldest, 3), [3, 4, 5]);
  assert.deepEqual(await values(strict, 3), [1, 2, 3], "what waits is read");
  assert.deepEqual(await values(left, 1), [1]);
  assert.deepEqual(await left.return!(), { value: undefined, done: true }, "leaving never fails");
  await assert.rejects(strict.next(), {
    code: "overflow",
    message: /buffer of .* is full \(3 events\)/,
  });
  assert.deepEqual(await strict.next(), { value: undefined, done: true });
  const waiting = latest.next();
  await ranger.close();
  assert.deepEqual(await waiting, { value: undefined, done: true }, "closing ends loops");
});
