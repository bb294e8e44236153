/** Clients that resume at another process, which reads the same RabbitMQ stream. */
import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";

const broker = await fileBroker();
const key = await makeKey();

async function start(exchange: string): Promise<RangerProcess> {
  const ranger = await startRanger({
    args: [
      ...["--jwt-public-key", key.publicBase64url, "--amqp-url", broker.url],
      ...["--exchange", exchange, "--amqp-stream", `${exchange}.stream`],
    ],
  });
  await ranger.ready();
  return ranger;
}

const RESUMED = '{"success":{"message":"resumed","streams":["order"]}}';

function numberOf(message: string): number {
  return Number(/^\{"order":\{"n":(\d+)\},"cursor":"[\w-]{1,40}"\}$/.exec(message)?.[1]);
}

function cursorOf(message: string): string {
  return /"cursor":"([\w-]+)"/.exec(message)![1]!;
}

Deno.test("a client resumes at another process and at one started later, and misses nothing", async () => {
  const exchange = randomExchange();
  await using first = await start(exchange);
  await using second = await start(exchange);
  await using publisher = await connectPublisher(broker.url, exchange);
  const token = await key.token({ uid: "ID1" });
  let published = 0;
  const publish = async (count: number) => {
    for (let at = 0; at < count; at++) {
      await publisher.publish("private.ID1.order", { n: ++published });
      await publisher.publish("private.ID2.order", { n: -1 });
    }
  };
  let seen = 0;
  const connect = async (ranger: RangerProcess, cursor: string) => {
    const client = await connectClient(
      ranger.url(`/private?stream=order&cursor=${cursor}`),
      { token },
    );
    assert.equal(await client.next(), subscribed("order"));
    return client;
  };
  await using one = await connect(first, "");
  await publish(10);
  let cursor = "";
  for (; seen < 10; cursor = cursorOf(await one.next())) seen++;
  await one.close();

  await publish(10);
  await using two = await connect(second, cursor);
  let last = "";
  while (seen < 20) {
    const message = await two.next();
    if (message === RESUMED) continue;
    assert.equal(numberOf(message), ++seen);
    last = message;
  }
  await two.close();
  await first[Symbol.asyncDispose]();

  await publish(10);
  await using third = await start(exchange);
  await using three = await connect(third, cursorOf(last));
  while (seen < 30) {
    const message = await three.next();
    if (message !== RESUMED) assert.equal(numberOf(message), ++seen);
  }
  await publish(1);
  for (let message = await three.next();; message = await three.next()) {
    if (message === RESUMED) continue;
    assert.equal(numberOf(message), 31);
    break;
  }
});
