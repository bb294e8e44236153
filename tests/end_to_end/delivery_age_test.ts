import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { AMQPProperties } from "@cloudamqp/amqp-client";
import { ageOf } from "../../src/source/amqp/age.ts";
import { amqp } from "../../testing/amqp.ts";
import { AUTHENTICATED, startExchange, step } from "../support/exchange.ts";
import { scrape } from "../support/metrics.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

/** Messages that start flushes whose latency is measured; a fresh one takes far less. */
const CASES: readonly {
  readonly name: string;
  readonly late: boolean;
  /** `{}` unless given. */
  readonly body?: string;
  properties(): Properties;
}[] = [
  { name: "a message that tells nothing", late: false, properties: () => ({}) },
  {
    name: "a timestamp of this second",
    late: false,
    properties: () => ({ timestamp: new Date() }),
  },
  {
    name: "a timestamp of five minutes ago, among all properties that there are",
    late: true,
    properties: () => ({
      contentType: "application/json",
      contentEncoding: "utf-8",
      headers: { timestamp_in_s: 7, nested: { timestamp: "x" } },
      deliveryMode: 1,
      priority: 0,
      correlationId: "c",
      replyTo: "r",
      expiration: "60000",
      messageId: "m",
      timestamp: new Date(Date.now() - 300_000),
      type: "t",
    }),
  },
  {
    name: "an exact time of five minutes ago, which goes over the timestamp",
    late: true,
    properties: () => ({
      headers: { a: "b", timestamp_in_ms: BigInt(Date.now() - 300_000) },
      timestamp: new Date(),
    }),
  },
  {
    name: "a timestamp of five minutes ago, of an event that comes in several frames",
    late: true,
    body: `"${"x".repeat(300_000)}"`,
    properties: () => ({ timestamp: new Date(Date.now() - 300_000) }),
  },
  {
    name: "an exact time to come",
    late: false,
    properties: () => ({ headers: { timestamp_in_ms: BigInt(Date.now() + 300_000) } }),
  },
];

/** The library writes whole numbers of 64 bits from bigints, and its types do not know. */
type Properties = Omit<AMQPProperties, "headers"> & { readonly headers?: Record<string, unknown> };

Deno.test("the latency counts from the publication, where the message tells it", async (t) => {
  await using exchange = await startExchange(broker);
  await using client = await exchange.connect("/public?stream=a.trades,order", {
    holds: ["a.trades", "order"],
  });
  const token = await exchange.key.token({ uid: "IDME" });
  assert.equal(await client.ask(JSON.stringify({ jwt: `Bearer ${token}` })), AUTHENTICATED);
  const name = exchange.source[exchange.source.indexOf("--exchange") + 1]!;
  const publisher = await amqp(broker.url);
  const gone = new Promise((resolve) => publisher.client.socket?.once("close", resolve));
  const publish = (key: string, body: string, properties: Properties) =>
    publisher.channel.basicPublish(name, key, body, properties as AMQPProperties);
  const latencies = async () => {
    const metrics = await scrape(exchange.ranger);
    const of = (what: string) => metrics.value(`ranger_delivery_latency_seconds_${what}`);
    return { count: of("count"), sum: of("sum") };
  };
  try {
    for (const { name: what, late, body = "{}", properties } of CASES) {
      await step(t, what, async () => {
        const before = await latencies();
        await publish("public.a.trades", body, properties());
        assert.equal(await client.next(), `{"a.trades":${body}}`);
        const after = await latencies();
        assert.equal(after.count - before.count, 1);
        const grown = after.sum - before.sum;
        assert.ok(late ? grown >= 298 : grown < 290, `${grown} s`);
      });
    }
    const old = { timestamp: new Date(Date.now() - 300_000) };

    await step(t, "an old event of a user's own", async () => {
      const before = await latencies();
      await publish("private.IDME.order", '{"id":1}', old);
      assert.equal(await client.next(), '{"order":{"id":1}}');
      const after = await latencies();
      assert.equal(after.count - before.count, 1);
      assert.ok(after.sum - before.sum >= 298);
    });

    await step(t, "answers after an old event, which are no deliveries", async () => {
      const before = await latencies();
      for (let n = 0; n < 5; n++) assert.equal(await client.ask("ping"), "pong");
      assert.deepEqual(await latencies(), before);
    });
  } finally {
    await publisher.client.close();
    await gone;
  }
});

Deno.test("properties that are cut short or lie about their length tell nothing, and break nothing", () => {
  const whole = Buffer.from([
    ...[0b1010_0000, 0b0100_0000], // content type, headers, timestamp
    ...[1, 65, 0, 0, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0, 100],
  ]);
  assert.equal(ageOf(whole, 0, whole.length, 200_000), 99_000);
  for (let end = 2; end < whole.length; end++) {
    assert.equal(ageOf(whole.subarray(0, end), 0, end, 200_000), 0, `${end} bytes`);
  }
  const lying = Buffer.from(whole);
  lying.writeUInt32BE(0xffffffff, 4);
  assert.equal(ageOf(lying, 0, lying.length, 200_000), 0);
  lying[2] = 255;
  assert.equal(ageOf(lying, 0, lying.length, 200_000), 0);
});
