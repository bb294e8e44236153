import fc from "fast-check";
import assert from "node:assert/strict";
import { type Exchange, freshWord, startExchange, step, subscribed } from "../support/exchange.ts";
import { type PayloadRow, PUBLISHED, scopeOf, WRONG } from "../support/peatio_payloads.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";

const broker = await sharedBroker();

const CANDLE = "[1537370580,0.0839,0.0921,0.0781,0.0845,0.5895]";

/** What strict mode refused while something happened, by stream and reason. */
async function refusals(
  exchange: Exchange,
  happening: () => Promise<void>,
): Promise<Record<string, number>> {
  const count = async () => {
    await exchange.settled();
    return (await exchange.stats()).events.refused;
  };
  const before = await count();
  await happening();
  const after = Object.entries(await count());
  return Object.fromEntries(
    after.map(([what, times]) => [what, times - (before[what] ?? 0)] as const)
      .filter(([, times]) => times > 0),
  );
}

/** The row's stream, in this market. */
function nameIn(market: string, { stream }: PayloadRow): string {
  return stream.replace(/^usdbtc\./, `${market}.`);
}

/** Of the market, or of the user of that name. */
function routingKeyIn(id: string, row: PayloadRow): string {
  return scopeOf(row) === "private" ? `private.${id}.${row.stream}` : `public.${nameIn(id, row)}`;
}

Deno.test("strict mode", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--streams-mode", "strict", "--rbac", "desk=trader"],
  });

  await step(t, "payloads that fit their type pass as published", async () => {
    const id = freshWord();
    await using client = await exchange.connect(
      `/public?stream=${id}.kline-1m&stream=${id}.trades&stream=global.tickers`,
    );
    await exchange.publish(`public.${id}.kline-1m`, CANDLE);
    await exchange.publish(`public.${id}.trades`, '{ "trades":[] ,"more": 1.0}');
    await exchange.publish("public.global.tickers", "{}");
    await exchange.publish("global.tickers", '{"usdbtc":{}}');
    assert.deepEqual(await client.take(4), [
      `{"${id}.kline-1m":${CANDLE}}`,
      `{"${id}.trades":{ "trades":[] ,"more": 1.0}}`,
      '{"global.tickers":{}}',
      '{"global.tickers":{"usdbtc":{}}}',
    ]);
  });

  await step(t, "a payload that does not fit is dropped and counted, held or not", async () => {
    const [id, unheld] = [freshWord(), freshWord()];
    const token = await exchange.key.token({ uid: id, role: "trader" });
    await using client = await exchange.connect(
      `/private?stream=${id}&stream=order&stream=desk.${id}.trades`,
      { token },
    );
    const refused = await refusals(exchange, async () => {
      await exchange.publish(`public.${id}.kline-1m`, "[1,2,3]");
      await exchange.publish(`public.${unheld}.kline-1m`, "[]");
      await exchange.publish(`public.${id}.trades`, '{"trades":{}}');
      await exchange.publish(`desk.${id}.trades`, "[]");
      await exchange.publish(`private.${id}.order`, '{"id":1,"state":"lost"}');
      await exchange.publish(`private.${unheld}.order`, "[]");
    });
    assert.deepEqual(refused, {
      "<id>.kline-<period> payload": 2,
      "<id>.trades payload": 2,
      "order payload": 2,
    });
    await exchange.assertOwedNothing(client);
    await exchange.ranger.log(
      ({ message, routingKey }) =>
        routingKey === `public.${id}.kline-1m` && message.includes("streams.mode"),
      "a warning of the payload",
    );
  });

  await step(t, "an event of a stream that is not registered is dropped and counted", async () => {
    const id = freshWord();
    const token = await exchange.key.token({ uid: id, role: "trader" });
    await using client = await exchange.connect(`/private?stream=${id}&stream=seats`, { token });
    const keys = [
      `public.${id}.seats`,
      `public.${id}.kline-7m`,
      `public.${id}.seats-snap`,
      `desk.${id}.seats`,
      `private.${id}.seats`,
      "public.seats",
      "public.unheld.seats",
    ];
    const refused = await refusals(exchange, async () => {
      for (const key of keys) await exchange.publish(key, "{}");
    });
    assert.deepEqual(refused, { "unregistered stream": keys.length });
    await exchange.assertOwedNothing(client);
  });

  await step(t, "a subscription to a name that is not registered is refused", async () => {
    const id = freshWord();
    const token = await exchange.key.token({ role: "trader" });
    await using client = await exchange.connect("/private", { token });
    const good = [`${id}.trades`, `${id}.ob-inc`, id, "order", `desk.${id}.trades`];
    const bad = [`${id}.seats`, `${id}.kline-7m`, `${id}.ob`, "a.b.c.d", `desk.${id}.seats`];
    await client.send({ event: "subscribe", streams: [...bad, ...good] });
    assert.deepEqual(await client.take(bad.length + 1), [
      ...bad.map((name) => `{"success":{"message":"cannot subscribe to ${name}"}}`),
      subscribed(...good),
    ]);
  });

  await step(t, "an increment that does not fit is one that was lost", async () => {
    const id = freshWord();
    await exchange.publish(`public.${id}.ob-snap`, { asks: [], bids: [], sequence: 1 });
    await exchange.settled();
    await using follower = await exchange.connect(`/public?stream=${id}.ob-inc`);
    await using watcher = await exchange.connect(`/public?stream=${id}.ob-snap`);
    await follower.next();
    const refused = await refusals(exchange, async () => {
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1"], sequence: 2 });
      await exchange.publish(`public.${id}.ob-snap`, { asks: [], sequence: 2 });
      await exchange.publish(`public.${id}.ob-inc`, { asks: ["1", "1"], sequence: 2 });
    });
    assert.deepEqual(refused, { "<id>.ob-inc payload": 1, "<id>.ob-snap payload": 1 });
    await exchange.assertOwedNothing(follower);
    const snapshot = { asks: [["1", "1"]], bids: [], sequence: 3 };
    await exchange.publish(`public.${id}.ob-snap`, snapshot);
    const text = `{"${id}.ob-snap":${JSON.stringify(snapshot)}}`;
    assert.deepEqual([await follower.next(), await watcher.next()], [text, text]);
  });

  await step(t, "a body that is not JSON is counted as such", async () => {
    const before = (await exchange.stats()).events.notJson!;
    const refused = await refusals(exchange, () => exchange.publish("public.x.trades", "{"));
    assert.deepEqual(refused, {});
    assert.equal((await exchange.stats()).events.notJson, before + 1);
  });
});

Deno.test("strict mode knows what exchanges publish", async (t) => {
  await using exchange = await startExchange(broker, { args: ["--streams-mode", "strict"] });

  await step(t, "whatever exchanges of the family publish passes, byte for byte", async () => {
    const id = freshWord();
    const token = await exchange.key.token({ uid: id });
    // Whether an order book's events go on is the book's matter.
    const plain = PUBLISHED.filter(({ stream }) => !stream.includes(".ob-"));
    const streams = new Set(plain.map((row) => `stream=${nameIn(id, row)}`));
    await using client = await exchange.connect(`/private?${[...streams].join("&")}`, { token });
    const refused = await refusals(exchange, async () => {
      for (const row of PUBLISHED) await exchange.publish(routingKeyIn(id, row), row.json);
    });
    assert.deepEqual(refused, {});
    assert.deepEqual(
      await client.take(plain.length),
      plain.map((row) => `{"${nameIn(id, row)}":${row.json}}`),
    );
  });

  await step(t, "what no exchange publishes is dropped and counted", async () => {
    const id = freshWord();
    const token = await exchange.key.token({ uid: id });
    const streams = new Set(WRONG.map((row) => `stream=${nameIn(id, row)}`));
    await using client = await exchange.connect(`/private?${[...streams].join("&")}`, { token });
    assert.match(await client.next(), /^\{"global\.tickers":/, "the latest one that fits");
    const refused = await refusals(exchange, async () => {
      for (const row of WRONG) await exchange.publish(routingKeyIn(id, row), row.json);
    });
    const labels = WRONG.map((row) => peatioRegistry.find(scopeOf(row), row.stream)!.label);
    const counts = Object.groupBy(labels, (label) => `${label} payload`);
    assert.deepEqual(
      refused,
      Object.fromEntries(Object.entries(counts).map(([what, all]) => [what, all!.length])),
    );
    await exchange.assertOwedNothing(client);
  });
});

Deno.test("open mode passes any JSON of any stream, byte for byte", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  const id = freshWord();
  const events = ["kline-1m", "trades", "ob-snap", "update", "seats", "seats-snap", "é"];
  await using client = await exchange.connect(`/public?stream=${id}`);
  const payloads = fc.sample(
    fc.tuple(fc.constantFrom(...events), fc.json({ stringUnit: "grapheme" }), fc.nat(3)),
    300,
  );
  const sent = payloads.map(([event, json, spaces]) => [event, json + " ".repeat(spaces)] as const);
  for (const [event, body] of sent) await exchange.publish(`public.${id}.${event}`, body);
  assert.deepEqual(
    await client.take(sent.length),
    sent.map(([event, body]) => `{"${id}.${event}":${body}}`),
  );
  await exchange.assertOwedNothing(client);
  assert.deepEqual((await exchange.stats()).events.refused, {});
});
