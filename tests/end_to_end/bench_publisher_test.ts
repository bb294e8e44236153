import { AMQPClient } from "@cloudamqp/amqp-client";
import { deepEqual, equal, ok } from "node:assert/strict";
import type { PublishReport } from "../../bench/harness/publisher.ts";
import { OrderBook } from "../../src/hub/order_book.ts";
import { testWithTools, tools } from "../support/bench_tools.ts";
import { until } from "../../testing/bounded.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = tools === undefined ? undefined : await sharedBroker();

testWithTools("publisher: order books' increments and snapshots fit together", async () => {
  const { publish } = await tools!;
  const exchange = `ranger.bench.${crypto.randomUUID()}`;
  const books = [new OrderBook(), new OrderBook()];
  const seen: Record<string, number> = {};
  await using _consumer = await consumeAll(broker!.url, exchange, (key, payload) => {
    const [, id, event] = key.split(".");
    const book = books[Number(id?.slice(1))]!;
    const outcome = event === "ob-inc" ? book.apply(payload) : book.replace(payload);
    const what = `${event} ${outcome}`;
    seen[what] = (seen[what] ?? 0) + 1;
  });
  const { stdout, code } = await new Deno.Command(publish, {
    args: [
      ...["--from", "501", "--depth", "12", "--snap", "0.2"],
      ...[broker!.url, exchange, "900", "1", "ob_inc:0:1:2:public.m%d.ob-inc"],
    ],
  }).output();
  equal(code, 0);
  const { lines }: PublishReport = JSON.parse(new TextDecoder().decode(stdout));
  deepEqual(lines, [{ key: "public.m%d.ob-inc", count: 2, sent: 900 }]);
  await until(() => (seen["ob-inc applied"] === 900 ? true : undefined), () => show(seen));
  // Each book's first snapshot is news, every later one is where the increments led.
  const { "ob-snap in step": inStep = 0, ...rest } = seen;
  deepEqual(rest, { "ob-snap moved": 2, "ob-inc applied": 900 });
  ok(inStep >= 4, show(seen));
});

function show(value: unknown): string {
  return JSON.stringify(value);
}

/** Everything that is published to an exchange, parsed. */
async function consumeAll(
  url: string,
  exchange: string,
  handle: (key: string, payload: unknown) => void,
): Promise<AsyncDisposable> {
  const connection = await new AMQPClient(url).connect();
  const channel = await connection.channel();
  await channel.exchangeDeclare(exchange, "topic", { durable: false, autoDelete: false });
  const queue = await channel.queueDeclare("", { exclusive: true });
  await channel.queueBind(queue.name, exchange, "#");
  await channel.basicConsume(queue.name, { noAck: true }, (message) => {
    handle(message.routingKey, JSON.parse(message.bodyString() ?? "null"));
  });
  return {
    async [Symbol.asyncDispose]() {
      await channel.exchangeDelete(exchange);
      await connection.close();
    },
  };
}
