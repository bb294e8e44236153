import assert from "node:assert/strict";
import { AmqpSource } from "../../src/source/amqp/amqp_source.ts";
import { amqp, connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { sinkOf } from "../support/source_event.ts";
import { preloaded } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";

const broker = await sharedBroker();

const FAULTS = [
  "a rejection that nobody handles",
  "a rejection that is not an error",
  "thrown in a timer",
  "thrown between two turns",
  "thrown in a microtask",
  "thrown in a socket's handler",
];

Deno.test("a fault in the server is logged with its stack, and clients are served on", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    program: preloaded("fault_on_signal.ts"),
    args: ["--no-auth", "--amqp-url", broker.url, "--exchange", publisher.exchange],
  });
  await ranger.consuming();
  await using client = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));

  ranger.signal("SIGUSR2");
  for (const fault of FAULTS) {
    const { level, error } = await ranger.log((line) => line.message.includes(fault), fault);
    assert.equal(level, "error");
    assert.match(String(error), /\n\s+at /);
  }
  assert.equal(await client.ask("ping"), "pong");
  await publisher.publish("public.usdbtc.trades", { trades: [] });
  assert.equal(await client.next(), '{"usdbtc.trades":{"trades":[]}}');

  // One that comes again and again does not fill the log.
  ranger.signal("SIGUSR2");
  assert.equal(await client.ask("ping"), "pong");
  await client.close();
  assert.equal((await ranger.stop()).code, 0);
  for (const fault of FAULTS) {
    assert.equal(ranger.logged((line) => line.message.includes(fault)), 1, fault);
  }
});

Deno.test("an event that breaks its sink does not end the consumer", async () => {
  const exchange = randomExchange();
  const source = new AmqpSource({
    urls: [broker.url],
    exchange,
    queueLength: 1000,
    queueBytes: 1_000_000,
    heartbeat: 20,
    stream: "",
    streamMaxAge: 0,
    streamMaxBytes: 0,
    streamLookback: 0,
  });
  const taken: string[] = [];
  const last = Promise.withResolvers<void>();
  const offsets: number[] = [];
  source.start(sinkOf({
    deliver({ routingKey, offset }) {
      taken.push(routingKey);
      offsets.push(offset);
      if (routingKey === "bad") throw new Error("this event breaks the sink");
      if (routingKey === "last") last.resolve();
    },
  }));
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  try {
    await until(() => source.state.connected || undefined, "the source to consume");
    for (const key of ["first", "bad", "last"]) await channel.basicPublish(exchange, key, "{}");
    await bounded(last.promise, () => `the last event; there came ${taken.join(", ")}`);
    assert.deepEqual(taken, ["first", "bad", "last"]);
    assert.deepEqual(offsets, [0, 1, 2]);
    assert.equal(source.state.reconnects, 0);
  } finally {
    await client.close();
    await gone;
    await source.stop();
  }
  assert.equal(source.state.connected, false);
});
