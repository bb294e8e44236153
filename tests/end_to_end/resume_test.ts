/** Clients that come back to where they were: cursors, resuming and recent events. */
import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { AUTHENTICATED, type Exchange, startExchange, subscribed } from "../support/exchange.ts";
import { type Client, connectClient } from "../support/client.ts";

const broker = await sharedBroker();

function resumed(...streams: readonly string[]): string {
  return `{"success":{"message":"resumed","streams":${JSON.stringify(streams)}}}`;
}

function cannotResume(...streams: readonly string[]): string {
  return `{"error":{"message":"Cannot resume.","streams":${JSON.stringify(streams)}}}`;
}

/** The cursor at the end of an event. */
function cursorOf(message: string): string {
  const [, object, tuple] = /,(?:"cursor":"([\w-]{1,40})"\}|"([\w-]{1,40})"\])$/.exec(message) ??
    [];
  const cursor = object ?? tuple;
  assert.ok(cursor, `${message} has a cursor`);
  return cursor;
}

/** An event without its cursor. */
function bare(message: string): string {
  return message.replace(/,"cursor":"[\w-]+"\}$/, "}").replace(/,"[\w-]+"\]$/, "]");
}

async function publishTrades(exchange: Exchange, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await exchange.publish("public.usdbtc.trades", { n });
  await exchange.settled();
}

async function takeBare(client: Client, count: number): Promise<string[]> {
  return (await client.take(count)).map(bare);
}

const trade = (n: number) => `{"usdbtc.trades":{"n":${n}}}`;

Deno.test("a client gets what it missed, once and in order, and then goes on", async () => {
  await using exchange = await startExchange(broker);
  await using first = await exchange.connect("/public?stream=usdbtc.trades&cursor");
  await publishTrades(exchange, 1, 3);
  const seen = await first.take(3);
  assert.deepEqual(seen.map(bare), [1, 2, 3].map(trade));
  await first.close();
  await publishTrades(exchange, 4, 6);
  await using second = await exchange.connect(
    `/public?stream=usdbtc.trades&cursor=${cursorOf(seen[1]!)}`,
  );
  assert.deepEqual(await takeBare(second, 4), [3, 4, 5, 6].map(trade));
  assert.equal(await second.next(), resumed("usdbtc.trades"));
  await publishTrades(exchange, 7, 7);
  assert.deepEqual(await takeBare(second, 1), [trade(7)]);
});

Deno.test("a subscribe message resumes the streams that it adds, with tuples and ids", async () => {
  await using exchange = await startExchange(broker);
  await using first = await exchange.connect("/public?stream=usdbtc.trades&cursor");
  await publishTrades(exchange, 1, 2);
  const cursor = cursorOf(await first.next());
  await using second = await connectClient(
    exchange.ranger.url("/public?stream=ethbtc.trades&cursor&envelope=tuple"),
  );
  assert.equal(await second.next(), subscribed("ethbtc.trades"));
  await second.send({ event: "subscribe", streams: ["usdbtc.trades"], cursor, id: 7 });
  assert.equal(
    await second.next(),
    '{"success":{"message":"subscribed","streams":["ethbtc.trades","usdbtc.trades"]},"id":7}',
  );
  assert.equal(bare(await second.next()), '["usdbtc.trades",{"n":2}]');
  assert.equal(
    await second.next(),
    '{"success":{"message":"resumed","streams":["usdbtc.trades"]},"id":7}',
  );
});

Deno.test("cursors that mean nothing here are refused, and events go on", async () => {
  await using exchange = await startExchange(broker);
  await publishTrades(exchange, 1, 1);
  for (const cursor of ["2f-91c4", "1-aaaaaaaaaaa", "%7B%7D", "0".repeat(60)]) {
    await using client = await exchange.connect(`/public?stream=usdbtc.trades&cursor=${cursor}`);
    assert.equal(await client.next(), cannotResume("usdbtc.trades"), cursor);
    await publishTrades(exchange, 2, 2);
    assert.equal(bare(await client.next()), trade(2));
  }
});

Deno.test("what the history has dropped cannot be resumed", async () => {
  await using exchange = await startExchange(broker, { args: ["--history-bytes=4096"] });
  await using first = await exchange.connect("/public?stream=usdbtc.trades&cursor");
  await publishTrades(exchange, 1, 1);
  const cursor = cursorOf(await first.next());
  await publishTrades(exchange, 2, 200);
  await using second = await exchange.connect(`/public?stream=usdbtc.trades&cursor=${cursor}`);
  assert.equal(await second.next(), cannotResume("usdbtc.trades"));
  await exchange.assertOwedNothing(second);
});

Deno.test("recent events of each stream come first, the oldest in front", async () => {
  await using exchange = await startExchange(broker);
  await publishTrades(exchange, 1, 5);
  await exchange.publish("public.ethbtc.trades", { n: 6 });
  await exchange.settled();
  await using client = await exchange.connect(
    "/public?stream=usdbtc.trades&stream=ethbtc.trades&last=2",
  );
  assert.deepEqual(await client.take(3), [trade(4), trade(5), '{"ethbtc.trades":{"n":6}}']);
  await exchange.publish("public.usdbtc.trades", { n: 7 });
  assert.equal(await client.next(), trade(7));
  await using other = await exchange.connect("/public");
  await other.send({ event: "subscribe", streams: ["usdbtc.trades"], last: 1 });
  assert.deepEqual(await other.take(2), [subscribed("usdbtc.trades"), trade(7)]);
});

Deno.test("private streams resume once the client is authenticated, and not before", async () => {
  await using exchange = await startExchange(broker);
  const token = await exchange.key.token({ uid: "ID1" });
  await using first = await exchange.connect("/private?stream=order&cursor", { token });
  await exchange.publish("private.ID1.order", { n: 1 });
  const cursor = cursorOf(await first.next());
  await first.close();
  await exchange.publish("private.ID1.order", { n: 2 });
  await exchange.publish("private.ID2.order", { n: 3 });
  await publishTrades(exchange, 4, 4);
  await using second = await exchange.connect(
    `/public?stream=order&stream=usdbtc.trades&cursor=${cursor}`,
  );
  assert.equal(bare(await second.next()), trade(4));
  assert.equal(await second.next(), resumed("usdbtc.trades"));
  await exchange.assertOwedNothing(second);
  assert.equal(await second.ask({ jwt: `Bearer ${token}` }), AUTHENTICATED);
  assert.equal(bare(await second.next()), '{"order":{"n":2}}');
  assert.equal(await second.next(), resumed("order"));
  await exchange.publish("private.ID1.order", { n: 5 });
  assert.equal(bare(await second.next()), '{"order":{"n":5}}');
});

Deno.test("streams with a state get their state in place of what was missed", async () => {
  await using exchange = await startExchange(broker);
  const snapshot = { asks: [["2.0", "1"]], bids: [["1.0", "1"]], sequence: 1 };
  await exchange.publish("public.usdbtc.ob-snap", snapshot);
  await publishTrades(exchange, 1, 1);
  await using first = await exchange.connect("/public?stream=usdbtc.ob-inc&cursor");
  const cursor = cursorOf(await first.next());
  await exchange.publish("public.usdbtc.ob-inc", { asks: ["2.0", "3"], sequence: 2 });
  await publishTrades(exchange, 2, 2);
  await using second = await exchange.connect(
    `/public?stream=usdbtc.ob-inc&stream=usdbtc.trades&cursor=${cursor}`,
  );
  assert.equal(bare(await second.next()), trade(2));
  assert.equal(await second.next(), resumed("usdbtc.ob-inc", "usdbtc.trades"));
  assert.equal(
    bare(await second.next()),
    '{"usdbtc.ob-snap":{"asks":[["2.0","3"]],"bids":[["1.0","1"]],"sequence":2}}',
  );
});

Deno.test("compressed events resume as well", async () => {
  await using exchange = await startExchange(broker);
  const long = "x".repeat(2000);
  await using first = await exchange.connect("/public?stream=usdbtc.trades&cursor");
  await exchange.publish("public.usdbtc.trades", { n: 1 });
  const cursor = cursorOf(await first.next());
  await exchange.publish("public.usdbtc.trades", { n: 2, long });
  await exchange.settled();
  const { WebSocket } = await import("ws");
  const url = exchange.ranger.url(`/public?stream=usdbtc.trades&cursor=${cursor}`);
  const socket = new WebSocket(url, { perMessageDeflate: true });
  const messages: string[] = [];
  socket.on("message", (data: unknown) => messages.push(String(data)));
  await until(() => messages.length >= 3 || undefined, "what was missed");
  assert.match(socket.extensions, /deflate/);
  assert.equal(bare(messages[1]!), `{"usdbtc.trades":{"n":2,"long":"${long}"}}`);
  assert.equal(messages[2], resumed("usdbtc.trades"));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close();
  await closed;
});

/** Megabytes of orders and trades, and a client that resumes and does not read. */
async function catchingUp(exchange: Exchange, token: string) {
  const path = "/public?stream=order&stream=usdbtc.trades&cursor";
  const filler = "x".repeat(50_000);
  await using first = await exchange.connect(path, { token, holds: ["order", "usdbtc.trades"] });
  await exchange.publish("public.usdbtc.trades", { n: 0 });
  const cursor = cursorOf(await first.next());
  await first.close();
  for (let n = 1; n <= 300; n++) {
    await exchange.publish("public.usdbtc.trades", { n, filler });
    await exchange.publish("private.ID1.order", { n, filler });
  }
  await exchange.settled();
  const client = await exchange.connect(`${path}=${cursor}`, {
    token,
    holds: ["order", "usdbtc.trades"],
  });
  await until(
    async () => (await exchange.stats()).readers!.behind === 1 || undefined,
    "the client to be behind",
  );
  return client;
}

Deno.test("a stream that is unsubscribed while the client catches up ends there", async () => {
  await using exchange = await startExchange(broker);
  const token = await exchange.key.token({ uid: "ID1" });
  await using client = await catchingUp(exchange, token);
  await client.send({ event: "unsubscribe", streams: ["order"] });
  const answer = '{"success":{"message":"unsubscribed","streams":["usdbtc.trades"]}}';
  let trades = 0;
  let isAnswered = false;
  for (let message = await client.next();; message = await client.next()) {
    if (message === resumed("usdbtc.trades")) break;
    if (message === answer) isAnswered = true;
    else if (message.startsWith('{"usdbtc.trades":{"n":')) {
      assert.ok(message.startsWith(`{"usdbtc.trades":{"n":${++trades},`), "every trade, in order");
    } else assert.ok(!isAnswered, `${message.slice(0, 40)} came after the answer`);
  }
  assert.equal(trades, 300);
  assert.ok(isAnswered);
});

Deno.test("a token that expires while the client catches up ends what is private there", async () => {
  await using exchange = await startExchange(broker, { args: ["--jwt-exp-leeway=0"] });
  const token = await exchange.key.token({
    uid: "ID1",
    exp: Math.ceil(Date.now() / 1000) + 4,
  });
  await using client = await catchingUp(exchange, token);
  await until(
    async () => (await exchange.stats()).connections.authenticated === 0 || undefined,
    "the token to expire",
  );
  let trades = 0;
  let isExpired = false;
  for (let message = await client.next();; message = await client.next()) {
    if (message.startsWith('{"success":{"message":"resumed"')) break;
    if (message === '{"error":{"message":"Token expired."}}') isExpired = true;
    else if (message.startsWith('{"order"')) assert.ok(!isExpired, "an order after the end");
    else assert.ok(message.startsWith(`{"usdbtc.trades":{"n":${++trades},`), "every trade");
  }
  assert.equal(trades, 300);
  assert.ok(isExpired);
});
