import assert from "node:assert/strict";
import { hostname } from "node:os";
import { ExchangeType } from "../../src/source/amqp/exchange_type.ts";
import { amqp, connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";

const broker = await fileBroker();

/** A Ranger that consumes from that exchange. */
async function consumeFrom(exchange: string, ...args: string[]): Promise<RangerProcess> {
  const ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", broker.url, "--exchange", exchange, ...args],
  });
  await ranger.consuming();
  return ranger;
}

/** Declares the queue passively over a separate connection; rejects where that is refused. */
async function lookUpQueue(name: string): Promise<void> {
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  try {
    await channel.queueDeclare(name, { passive: true });
  } finally {
    await client.close();
    await gone;
  }
}

async function queueGone(name: string): Promise<void> {
  await until(
    () => lookUpQueue(name).then(() => undefined, (error) => /\(404\)/.test(error) || undefined),
    `the queue ${name} to be deleted`,
  );
}

/** A table of rabbitmqctl as rows of fields. */
async function table(...args: string[]): Promise<string[][]> {
  return (await broker.ctl(...args)).split("\n").map((line) => line.split("\t"));
}

Deno.test("where the exchange is missing it is made, and a queue of Ranger's own is bound to all of it", async () => {
  const exchange = randomExchange();
  const bounds = ["--amqp-queue-length", "1234", "--amqp-queue-bytes", "5678901"];
  await using ranger = await consumeFrom(exchange, ...bounds);
  const { queue } = await ranger.consuming();
  assert.ok(typeof queue === "string");
  const [host, pid, random] = [hostname(), ranger.pid, /[0-9a-f]+$/.exec(queue)?.[0]];
  assert.equal(queue, `ranger.${host}.${pid}.${random}`);
  await assert.rejects(lookUpQueue(queue), /RESOURCE_LOCKED.*\(405\)/);

  const [exchanges, queues, bindings, connections] = await Promise.all([
    table("list_exchanges", "name", "type", "durable", "auto_delete", "internal"),
    table("list_queues", "name", "durable", "exclusive", "auto_delete", "arguments"),
    table("list_bindings", "source_name", "destination_name", "routing_key"),
    broker.ctl("list_connections", "client_properties"),
  ]);
  assert.deepEqual(
    exchanges.filter(([name]) => name === exchange),
    [[exchange, "topic", "false", "false", "false"]],
  );
  const [[, durable, exclusive, autoDelete, bound = ""] = []] = queues;
  assert.deepEqual([queues.length, durable, exclusive, autoDelete], [1, "false", "true", "true"]);
  assert.match(bound, /"x-max-length",1234\b/);
  assert.match(bound, /"x-max-length-bytes",5678901\b/);
  assert.match(bound, /"x-overflow","drop-head"/);
  assert.deepEqual(
    bindings.filter(([source]) => source === exchange),
    [[exchange, queue, "#"]],
  );
  assert.match(connections, new RegExp(`"connection_name","ranger \\S+ ${host}:${pid}"`));

  assert.equal((await ranger.stop()).code, 0);
  await queueGone(queue);
});

Deno.test("a Ranger that is killed leaves no queue", async () => {
  await using ranger = await consumeFrom(randomExchange());
  const { queue } = await ranger.consuming();
  await ranger.kill();
  await queueGone(String(queue));
});

Deno.test("an exchange that is there is left as its owner declared it", async () => {
  const kinds = [
    ["topic", { durable: true, autoDelete: false }],
    ["fanout", { durable: false, autoDelete: false }],
  ] as const;
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  const names = kinds.map(([type]) => `${type}.${randomExchange()}`);
  for (const [at, [type, options]] of kinds.entries()) {
    await channel.exchangeDeclare(names[at]!, type, options);
  }
  await using rangers = new AsyncDisposableStack();
  const started = await Promise.all(
    names.map(async (name) => rangers.use(await consumeFrom(name))),
  );
  for (const [at, ranger] of started.entries()) {
    await using subscriber = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
    assert.equal(await subscriber.next(), subscribed("usdbtc.trades"));
    assert.equal(ranger.logged((line) => line.level === "error"), 0, ranger.stderr);
    await channel.basicPublish(names[at]!, "public.usdbtc.trades", '{"trades":[]}');
    assert.equal(await subscriber.next(), '{"usdbtc.trades":{"trades":[]}}');
  }
  const declared = await table("list_exchanges", "name", "type", "durable");
  assert.deepEqual(
    declared.filter(([name]) => names.includes(name!)).sort(),
    kinds.map(([type, { durable }], at) => [names[at], type, String(durable)]).sort(),
  );
  await client.close();
  await gone;
});

Deno.test("an exchange is asked for its type again without an error in the broker's log", async () => {
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  const exchange = randomExchange();
  const type = new ExchangeType(exchange);
  const refusals = () => broker.log().split(`for exchange '${exchange}'`).length - 1;
  const declare = (kind: string, options: Record<string, boolean>) =>
    channel.exchangeDeclare(exchange, kind, options);
  try {
    await declare("fanout", { durable: true, autoDelete: true, internal: true });
    assert.equal(await type.find(client), "fanout");
    assert.equal(type.silent, true);
    await until(() => refusals() > 0 || undefined, "the broker to log what differs");
    const first = refusals();
    for (let n = 0; n < 5; n++) assert.equal(await type.find(client), "fanout");
    // It is something else from now on; what differs comes into the log after what did not.
    await channel.exchangeDelete(exchange);
    await declare("direct", { durable: true, autoDelete: true, internal: true });
    assert.equal(await type.find(client), "direct");
    assert.equal(type.silent, false);
    await until(() => refusals() > first || undefined, "the broker to log the other type");
    assert.match(broker.log(), new RegExp(`'type' for exchange '${exchange}'.*is 'direct'`));
    const logged = broker.log();
    assert.equal(logged.split("received 'fanout' but current is 'direct'").length - 1, 1);
    assert.ok(!logged.includes("received 'true' but current is 'true'"));
    await channel.exchangeDelete(exchange);
    await declare("topic", { durable: false });
    assert.equal(await type.find(client), "topic");
    assert.equal(type.silent, true);
  } finally {
    await client.close();
    await gone;
  }
});

Deno.test("a user who may make nothing but Ranger's queue is enough where the exchange is there", async () => {
  await broker.ctl("add_user", "reader", "readers-password");
  await broker.ctl("set_permissions", "reader", "^ranger\\.", "^ranger\\.", ".*");
  const exchange = `owned.${randomExchange()}`;
  await using publisher = await connectPublisher(broker.url, exchange);
  await using ranger = await consumeFrom(
    exchange,
    "--amqp-user=reader",
    "--amqp-password=readers-password",
  );
  await using subscriber = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await subscriber.next(), subscribed("usdbtc.trades"));
  await publisher.publish("public.usdbtc.trades", '{"trades":[]}');
  assert.equal(await subscriber.next(), '{"usdbtc.trades":{"trades":[]}}');
});

Deno.test("a Ranger that stands still fills the broker up to its bound, and then heals its order books", async () => {
  const exchange = randomExchange();
  await using publisher = await connectPublisher(broker.url, exchange);
  const inc = (sequence: number) => `{"asks":["2.0","${sequence}.0"],"sequence":${sequence}}`;
  const snap = (sequence: number) =>
    `{"asks":[["2.0","${sequence}.0"]],"bids":[],"sequence":${sequence}}`;
  await using ranger = await consumeFrom(exchange, "--amqp-queue-length=100");
  const { queue } = await ranger.consuming();
  await using subscriber = await connectClient(ranger.url("/public?stream=usdbtc.ob-inc"));
  assert.equal(await subscriber.next(), subscribed("usdbtc.ob-inc"));
  await publisher.publish("public.usdbtc.ob-snap", snap(1));
  assert.equal(await subscriber.next(), `{"usdbtc.ob-snap":${snap(1)}}`);

  ranger.pause();
  // More than the kernel's buffers of both ends take.
  const bulk = new TextEncoder().encode(JSON.stringify("x".repeat(65_536)));
  for (let count = 0; count < 500; count++) await publisher.publish("public.usdbtc.bulk", bulk);
  for (let sequence = 2; sequence <= 300; sequence++) {
    await publisher.publish("public.usdbtc.ob-inc", inc(sequence));
  }
  const lengths = await table("list_queues", "name", "messages");
  assert.deepEqual(lengths.filter(([name]) => name === queue), [[queue, "100"]]);
  ranger.resume();

  // What was left begins behind a gap: nothing of it goes out before the next snapshot.
  await publisher.publish("public.usdbtc.ob-snap", snap(300));
  assert.equal(await subscriber.next(), `{"usdbtc.ob-snap":${snap(300)}}`);
  await publisher.publish("public.usdbtc.ob-inc", inc(301));
  assert.equal(await subscriber.next(), `{"usdbtc.ob-inc":${inc(301)}}`);
  assert.equal(ranger.logged((line) => line.message.includes("a sequence was skipped")), 1);
});
