/** The typed client goes on where it was, and says when it cannot. */
import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { freePort } from "../../testing/ports.ts";
import { fileBroker, sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";
import { freshWord, startExchange } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { type LiveClient, liveClient } from "../support/live_client.ts";

const broker = await sharedBroker();

/** Numbers of the events of a stream, as they come. */
function numbersOf({ ranger }: LiveClient, name: string, last = 0): number[] {
  const numbers: number[] = [];
  ranger.on(name, (payload) => void numbers.push((payload as { n: number }).n), { last });
  return numbers;
}

/** The numbers from 1 on. */
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

async function reached(numbers: readonly number[], last: number): Promise<void> {
  await until(() => numbers.at(-1) === last || undefined, () => `${last} in ${numbers}`, 30_000);
  assert.deepEqual(numbers, upTo(last));
}

Deno.test("what a client missed comes once and in order, private events and the book as well", async () => {
  await using exchange = await startExchange(broker);
  await using gate = new Gate(exchange.ranger.url());
  await gate.open();
  const [market, uid] = [freshWord(), freshWord()];
  const token = await exchange.key.token({ uid });
  await using client = liveClient(`${gate.url}public`, { token: () => token });
  const lost: (readonly string[])[] = [];
  client.ranger.onLoss((streams) => void lost.push(streams));
  const trades = numbersOf(client, `${market}.trades`);
  const orders = numbersOf(client, "order");
  const book = client.ranger.book(market);
  let published = 0;
  const publish = async () => {
    const n = ++published;
    await exchange.publish(`public.${market}.trades`, { n });
    await exchange.publish(`private.${uid}.order`, { n });
    const snapshot = { asks: [["2", `${n}`]], bids: [], sequence: n };
    if (n === 1) await exchange.publish(`public.${market}.ob-snap`, snapshot);
    else await exchange.publish(`public.${market}.ob-inc`, { asks: ["2", `${n}`], sequence: n });
  };
  await client.seen(
    () => client.messages.find((text) => text.includes("Authenticated")),
    "the identity",
  );
  await publish();
  for (let round = 0; round < 3; round++) {
    await reached(trades, published);
    await reached(orders, published);
    await until(() => book.live && book.sequence === published || undefined, "the book");
    await gate.shut();
    await client.status("waiting");
    assert.equal(book.live, false);
    for (let n = 0; n < 5; n++) await publish();
    await gate.open();
    await client.status("open");
    await publish();
  }
  const cursor = await until(async () => {
    await publish();
    return client.ranger.cursor;
  }, "an event that is live");
  assert.match(cursor, /^[\w-]{1,40}$/);
  await reached(trades, published);
  await reached(orders, published);
  assert.deepEqual(lost, []);
});

Deno.test("a server that is restarted has another log, and the loss is reported", async () => {
  const port = String(freePort());
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--port", port, "--drain-seconds", "0"],
  });
  const market = freshWord();
  await using client = liveClient(exchange.ranger.url("/public"));
  const lost: (readonly string[])[] = [];
  client.ranger.onLoss((streams) => void lost.push(streams));
  const trades = numbersOf(client, `${market}.trades`);
  // Without an event, there is no position yet, and something may be missing all the same.
  const others = numbersOf(client, `${market}.fills`);
  await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
  await exchange.publish(`public.${market}.trades`, { n: 1 });
  await reached(trades, 1);
  await exchange.ranger.stop();
  await exchange.publish(`public.${market}.trades`, { n: 100 });
  await using again = await startRanger({
    args: [...exchange.source, "--no-auth", "--port", port],
  });
  await again.consuming();
  await until(() => lost.length > 0 || undefined, "the loss", 30_000);
  assert.deepEqual(lost, [[`${market}.trades`, `${market}.fills`]]);
  await exchange.publish(`public.${market}.trades`, { n: 2 });
  await exchange.publish(`public.${market}.fills`, { n: 1 });
  await reached(trades, 2);
  await reached(others, 1);
});

Deno.test("with a stream, a server that is restarted loses nothing and repeats nothing", async () => {
  const files = await fileBroker();
  const exchange = randomExchange();
  const port = String(freePort());
  const key = await makeKey();
  const start = async (): Promise<RangerProcess> => {
    const ranger = await startRanger({
      args: [
        ...["--jwt-public-key", key.publicBase64url, "--amqp-url", files.url, "--port", port],
        ...["--exchange", exchange, "--amqp-stream", `${exchange}.stream`, "--drain-seconds=0"],
      ],
    });
    await ranger.ready();
    return ranger;
  };
  await using first = await start();
  await using publisher = await connectPublisher(files.url, exchange);
  const uid = freshWord();
  const token = await key.token({ uid });
  await using client = liveClient(first.url("/public"), { token: () => token });
  const lost: (readonly string[])[] = [];
  client.ranger.onLoss((streams) => void lost.push(streams));
  const trades = numbersOf(client, "btcusd.trades");
  const orders = numbersOf(client, "order");
  await client.seen(
    () => client.messages.find((text) => text.includes("Authenticated")),
    "the identity",
  );
  let published = 0;
  const publish = async (count: number) => {
    for (let at = 0; at < count; at++) {
      const n = ++published;
      await publisher.publish("public.btcusd.trades", { n });
      await publisher.publish(`private.${uid}.order`, { n });
    }
  };
  await publish(10);
  await reached(trades, 10);
  await reached(orders, 10);
  await first.stop();
  await publish(50);
  await using _second = await start();
  await publish(10);
  await reached(trades, 70);
  await reached(orders, 70);
  await publish(5);
  await reached(trades, 75);
  await reached(orders, 75);
  assert.deepEqual(lost, []);
  assert.deepEqual(client.errors, []);
});

Deno.test("a book is not live while the source is down, nor before its next snapshot", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: ["--amqp-url", gate.url, "--exchange", publisher.exchange, "--no-auth"],
  });
  await ranger.consuming();
  await using client = liveClient(ranger.url("/public"));
  const lost: (readonly string[])[] = [];
  client.ranger.onLoss((streams) => void lost.push(streams));
  const trades = numbersOf(client, "btcusd.trades");
  const book = client.ranger.book("btcusd", { notify: "message" });
  const lives: boolean[] = [];
  book.onChange(({ live }) => void lives.push(live));
  const open = () => client.ranger.state as { status: string; source: string };
  await client.seen(() => client.messages.find((text) => text.includes("stale")), "the status");
  await publisher.publish("public.btcusd.ob-snap", { asks: [], bids: [], sequence: 1 });
  await until(() => book.live || undefined, "the book");
  assert.deepEqual([open().status, open().source], ["open", "up"]);

  await gate.shut();
  await client.seen(() => open().source === "down" || undefined, "the state");
  await until(() => !book.live || undefined, "the end of the book");
  await gate.open();
  await client.seen(() => open().source === "up" || undefined, "the state again");
  await until(() => lost.length > 0 || undefined, "the loss");
  assert.deepEqual(lost, [["btcusd.trades"]]);
  assert.equal(book.live, false, "until its snapshot");
  await publisher.publish("public.btcusd.trades", { n: 1 });
  await reached(trades, 1);
  assert.equal(book.live, false, "until its snapshot");
  await publisher.publish("public.btcusd.ob-snap", { asks: [], bids: [], sequence: 7 });
  await until(() => book.live || undefined, "the book again");
  assert.equal(lives[0], true);
  assert.equal(lives.at(-1), true);
  assert.ok(lives.includes(false));
});

Deno.test("recent events come first, and not again after a loss", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using gate = new Gate(exchange.ranger.url());
  await gate.open();
  const market = freshWord();
  const publish = (n: number) => exchange.publish(`public.${market}.trades`, { n });
  for (const n of [-1, 0, 1, 2]) await publish(n);
  await exchange.settled();
  await using client = liveClient(`${gate.url}public`);
  const trades = numbersOf(client, `${market}.trades`, 2);
  await reached(trades, 2);
  await gate.cut();
  await client.status("waiting");
  await publish(3);
  await client.status("open");
  await reached(trades, 3);
  for (const last of [-1, 1001, NaN]) {
    assert.throws(() => client.ranger.on("a.b", () => {}, { last }), {
      code: "option",
      message: `last must be 0 to 1000, not ${last}`,
    });
  }
});

Deno.test("a client goes on where an earlier one was", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  const market = freshWord();
  const publish = (n: number) => exchange.publish(`public.${market}.trades`, { n });
  let cursor: string | undefined;
  {
    await using client = liveClient(exchange.ranger.url("/public"));
    const trades = numbersOf(client, `${market}.trades`);
    assert.equal(client.ranger.cursor, undefined);
    await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
    await publish(1);
    await reached(trades, 1);
    cursor = client.ranger.cursor;
  }
  await publish(2);
  await exchange.settled();
  await using client = liveClient(exchange.ranger.url("/public"), { resume: cursor });
  const trades = [1];
  const name: string = `${market}.trades`;
  client.ranger.on(name, (payload) => void trades.push((payload as { n: number }).n));
  await reached(trades, 2);
  await client.seen(() => client.messages.find((text) => text.includes("resumed")), "the end");
  assert.notEqual(client.ranger.cursor, undefined, "at once, without a live event");
  assert.notEqual(client.ranger.cursor, cursor);
  await publish(3);
  await reached(trades, 3);
});

Deno.test("without resume, nothing of it is asked for, and what was missed is missing", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using gate = new Gate(exchange.ranger.url());
  await gate.open();
  const market = freshWord();
  const sent: string[] = [];
  class Observed extends WebSocket {
    constructor(url: string) {
      sent.push(url);
      super(url);
    }
    override send(text: string): void {
      sent.push(text);
      super.send(text);
    }
  }
  await using client = liveClient(`${gate.url}public`, { resume: false, WebSocket: Observed });
  client.ranger.onLoss(() => assert.fail("nothing is known of losses"));
  const trades = numbersOf(client, `${market}.trades`);
  await client.seen(() => client.messages.find((text) => text.includes(market)), "the answer");
  await exchange.publish(`public.${market}.trades`, { n: 1 });
  await reached(trades, 1);
  await gate.shut();
  await client.status("waiting");
  await exchange.publish(`public.${market}.trades`, { n: 100 });
  await exchange.settled();
  const told = client.messages.length;
  await gate.open();
  await client.seen(
    () => client.messages.slice(told).find((text) => text.includes(market)),
    "the answer",
  );
  await exchange.publish(`public.${market}.trades`, { n: 2 });
  await reached(trades, 2);
  assert.ok(sent.length > 2 && sent.every((text) => !text.includes("cursor")), `${sent}`);
});
