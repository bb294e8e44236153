import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { AMQPProperties } from "@cloudamqp/amqp-client";
import { ageOf } from "../src/broker/age.ts";
import { amqp } from "./support/amqp.ts";
import { startExchange } from "./support/exchange.ts";
import { scrape } from "./support/metrics.ts";
import { sharedBroker } from "./support/rabbitmq.ts";

const broker = await sharedBroker();

/** The latency is told of flushes by messages like these; a fresh one takes far less. */
const CASES: readonly {
  readonly name: string;
  readonly late: boolean;
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
    name: "an exact time to come",
    late: false,
    properties: () => ({ headers: { timestamp_in_ms: BigInt(Date.now() + 300_000) } }),
  },
];

/** The library writes whole numbers of 64 bits from bigints, and its types do not know. */
type Properties = Omit<AMQPProperties, "headers"> & { readonly headers?: Record<string, unknown> };

Deno.test("the latency counts from the publication, where the message tells it", async () => {
  await using exchange = await startExchange(broker, { auth: false });
  await using client = await exchange.connect("/public?stream=a.trades");
  const name = exchange.source[exchange.source.indexOf("--exchange") + 1]!;
  const publisher = await amqp(broker.url);
  const gone = new Promise((resolve) => publisher.client.socket?.once("close", resolve));
  const sum = async () =>
    (await scrape(exchange.ranger)).value("ranger_delivery_latency_seconds_sum");
  try {
    for (const { name: what, late, properties } of CASES) {
      const before = await sum();
      await publisher.channel.basicPublish(
        name,
        "public.a.trades",
        "{}",
        properties() as AMQPProperties,
      );
      assert.equal(await client.next(), '{"a.trades":{}}');
      const grown = await sum() - before;
      assert.ok(late ? grown >= 298 : grown < 290, `${what}: ${grown} s`);
    }
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
