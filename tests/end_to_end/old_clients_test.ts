import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { bounded, until } from "../../testing/bounded.ts";
import { type Exchange, startExchange } from "../support/exchange.ts";
import { ended, ExampleOf2018, onText, RangoPage } from "../support/old_clients.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

Deno.test("the example client of 2018 follows its markets and its user", async () => {
  await using exchange = await startExchange(broker, { args: ["--envelope", "tuple"] });
  const host = `127.0.0.1:${exchange.ranger.port}`;
  const streams = ["global.tickers", "usdbtc.update", "order", "trade"];
  const token = await exchange.key.token({ uid: "IDME" });
  await using client = new ExampleOf2018(host, streams, token);
  await using anonymous = new ExampleOf2018(host, streams, undefined);
  await using wrong = new ExampleOf2018(host, streams, "wrong");
  await client.logged("Authenticated.");
  await anonymous.logged("subscribed");
  await until(() => wrong.failures[0], "the wrong token's answer");

  await exchange.publish("private.IDOTHER.order", { id: 1 });
  await exchange.publish("private.IDME.order", { id: 2, at: 1526477700, price: "1.0" });
  await exchange.publish("private.IDOTHER.trade", { id: 3 });
  await exchange.publish("private.IDME.trade", { id: 4 });
  await exchange.publish("private.IDME.deposit_address", { id: 5 });
  await exchange.publish("public.usdbtc.update", { asks: [["1.0", "2.0"]], bids: [] });
  await exchange.publish("public.global.tickers", {});
  for (const one of [client, anonymous, wrong]) await one.logged("global.tickers {}");

  const update = 'usdbtc.update {"asks":[["1.0","2.0"]],"bids":[]}';
  assert.deepEqual([...client.log].sort(), [
    "Authenticated.",
    "global.tickers {}",
    'order {"id":2,"at":1526477700,"price":"1.0"}',
    "subscribed",
    'trade {"id":4}',
    update,
  ]);
  assert.deepEqual(client.log.slice(0, 2), ["subscribed", "Authenticated."]);
  assert.deepEqual(client.failures, []);
  assert.deepEqual(anonymous.log, ["subscribed", update, "global.tickers {}"]);
  assert.deepEqual(wrong.failures, ["Authentication failed."]);
});

Deno.test("a client of peatio-core's gem: token in the header, subscriptions by message", async () => {
  await using exchange = await startExchange(broker);
  const url = exchange.ranger.url("/?stream=eurusd.trades");
  const refused = new WebSocket(url, { headers: { authorization: "Bearer wrong" } });
  const [, response] = await bounded(
    once(refused.on("error", () => {}), "unexpected-response"),
    "the refusal",
  );
  assert.equal(response.statusCode, 401);
  refused.terminate();

  const authorization = `Bearer ${await exchange.key.token({ uid: "IDME" })}`;
  const socket = new WebSocket(url, { headers: { authorization } });
  const messages: string[] = [];
  onText(socket, (text) => messages.push(text));
  const next = async () => {
    await until(() => messages[0], "a message");
    return JSON.parse(messages.shift()!);
  };
  const answer = (message: string, ...streams: string[]) => ({ success: { message, streams } });
  await once(socket, "open");
  assert.deepEqual(await next(), answer("subscribed", "eurusd.trades"));

  await exchange.publish("public.eurusd.ob-inc", { asks: ["15.0", "1.0"], sequence: 1 });
  await exchange.publish("public.eurusd.ob-snap", {
    asks: [["15.0", "21.7068"]],
    bids: [["10.95", "21.7068"]],
    sequence: 2,
  });
  await exchange.publish("public.eurusd.ob-inc", { asks: ["15.0", "22.1257"], sequence: 3 });
  await exchange.publish("public.eurusd.ob-inc", { bids: ["10.95", "0"], sequence: 4 });
  await exchange.settled();

  socket.send(JSON.stringify({ event: "subscribe", streams: ["eurusd.ob-inc", "order"] }));
  assert.deepEqual(
    await next(),
    answer("subscribed", "eurusd.trades", "eurusd.ob-inc", "order"),
  );
  assert.deepEqual(await next(), {
    "eurusd.ob-snap": { asks: [["15.0", "22.1257"]], bids: [], sequence: 4 },
  });
  await exchange.publish("public.eurusd.ob-inc", { bids: ["9.0", "1"], sequence: 5 });
  assert.deepEqual(await next(), { "eurusd.ob-inc": { bids: ["9.0", "1"], sequence: 5 } });

  await exchange.publish("private.IDOTHER.order", { id: 1 });
  await exchange.publish("private.IDME.order", { id: 2 });
  assert.deepEqual(await next(), { order: { id: 2 } });

  socket.send(JSON.stringify({ event: "unsubscribe", streams: ["eurusd.ob-inc"] }));
  assert.deepEqual(await next(), answer("unsubscribed", "eurusd.trades", "order"));
  await exchange.publish("public.eurusd.ob-inc", { bids: ["9.0", "2"], sequence: 6 });
  await exchange.publish("public.eurusd.trades", { trades: [] });
  assert.deepEqual(await next(), { "eurusd.trades": { trades: [] } });
  socket.send("ping");
  await until(() => messages[0], "the pong");
  assert.deepEqual(messages, ["pong"]);
  await ended(socket);
});

async function gateway(exchange: Exchange, uid: string, role: string) {
  return { Authorization: `Bearer ${await exchange.key.token({ uid, role })}` };
}

Deno.test("a page written for Rango works for guests, users and administrators", async () => {
  await using exchange = await startExchange(broker, {
    env: { RANGO_RBAC_ADMIN: "admin,superadmin", API_CORS_ORIGINS: "https://trade.example.com" },
  });
  const base = exchange.ranger.url("/api/v2/ranger");
  const Origin = "https://trade.example.com";
  const market = ["btcusd.trades", "btcusd.ob-inc"];
  const mine = ["order", "trade", "deposit_address", "balances"];

  await exchange.publish("public.btcusd.ob-snap", { asks: [], bids: [], sequence: 1 });
  await exchange.settled();
  await using guest = new RangoPage(`${base}/public`, ["global.tickers", ...market], {
    Origin,
    // Gateways pass on what the browser has, expired or not.
    Authorization: "Bearer expired",
  });
  const headers = { Origin, ...await gateway(exchange, "IDME", "member") };
  const all = ["global.tickers", ...market, ...mine];
  await using user = new RangoPage(`${base}/private`, all, headers);
  await using admin = new RangoPage(`${base}/private`, ["admin.btcusd.orders"], {
    Origin,
    ...await gateway(exchange, "IDADMIN", "admin"),
  });
  assert.deepEqual(await guest.subscribed(1), ["btcusd.ob-inc", "btcusd.trades", "global.tickers"]);
  assert.deepEqual(await user.subscribed(1), [...all].sort());
  assert.deepEqual(await admin.subscribed(1), ["admin.btcusd.orders"]);

  user.write("subscribe", "admin.btcusd.orders", "btcusd.kline-1m");
  assert.deepEqual(await user.subscribed(2), [...[...all].sort(), "btcusd.kline-1m"]);
  assert.deepEqual(user.complaints.splice(0), ["cannot subscribe to admin.btcusd.orders"]);

  await exchange.publish("public.btcusd.ob-inc", { asks: ["2.0", "1.0"], sequence: 2 });
  await exchange.publish("public.btcusd.trades", { trades: [] });
  await exchange.publish("public.btcusd.kline-1m", [1537370580, 1, 2, 3, 4, 5]);
  await exchange.publish("admin.btcusd.orders", { uid: "IDME" });
  await exchange.publish("private.IDME.order", { id: 1 });
  await exchange.publish("private.IDOTHER.order", { id: 2 });
  await exchange.publish("private.IDADMIN.order", { id: 3 });
  await exchange.publish("private.IDME.balances", { usd: ["1.0", "0.0"] });
  await exchange.publish("public.btcusd.ob-inc", { asks: ["2.0", "0.0"], sequence: 3 });
  await exchange.publish("global.tickers", {});

  const guestNames = ["btcusd.ob-snap", "btcusd.ob-inc", "btcusd.trades", "btcusd.ob-inc"];
  assert.deepEqual(await guest.namesUpTo("global.tickers"), [...guestNames, "global.tickers"]);
  assert.deepEqual(
    (await user.namesUpTo("global.tickers")).sort(),
    [
      "balances",
      "btcusd.kline-1m",
      ...[...guestNames].sort(),
      "global.tickers",
      "order",
    ].sort(),
  );
  assert.deepEqual(user.events.find(([name]) => name === "order"), ["order", { id: 1 }]);
  await admin.namesUpTo("btcusd.orders");
  assert.deepEqual(admin.events, [["btcusd.orders", { uid: "IDME" }]]);

  guest.write("unsubscribe", ...market);
  assert.deepEqual(await guest.subscribed(2), ["global.tickers"]);
  for (const page of [guest, user, admin]) assert.deepEqual(page.complaints, []);
});
