import { AMQPClient } from "@cloudamqp/amqp-client";
import { deepEqual, equal, ok } from "node:assert/strict";
import type { PublishReport } from "../../bench/harness/publisher.ts";
import { bookTrace } from "../../bench/harness/book_trace.ts";
import { testWithTools, tools } from "../support/bench_tools.ts";
import { until } from "../../testing/bounded.ts";
import { type BookPayload, type BookSnapshot, ModelBook } from "../support/model_book.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = tools === undefined ? undefined : await sharedBroker();

testWithTools("publisher: order books change and are snapshot as Peatio's are", async () => {
  const { publish } = await tools!;
  const exchange = `ranger.bench.${crypto.randomUUID()}`;
  // Shorter than what is published of a book, so that the trace begins again.
  const trace = await Deno.makeTempFile({ suffix: ".trace" });
  await Deno.writeTextFile(trace, bookTrace(12, 100));
  const books = [new ModelBook(), new ModelBook()];
  const ahead: (BookSnapshot | undefined)[] = [undefined, undefined];
  const seen = { starts: 0, snapshots: 0, increments: 0, removals: 0 };
  const wrong: string[] = [];
  await using _consumer = await consumeAll(broker!.url, exchange, (key, payload) => {
    const [, id, event] = key.split(".");
    const at = Number(id?.slice(1));
    const book = books[at]!;
    if (event === "ob-snap") {
      const snapshot = payload as BookSnapshot;
      if (book.sequence === undefined) {
        seen.starts += 1;
        book.replace(snapshot);
      } else {
        seen.snapshots += 1;
        if (snapshot.sequence !== book.sequence || ahead[at]) wrong.push(`snapshot of ${id}`);
        ahead[at] = snapshot;
      }
      return;
    }
    const increment = payload as BookPayload & { readonly sequence: number };
    seen.increments += 1;
    const [, amount] = (increment.asks ?? increment.bids) as [string, string];
    if (amount === "") seen.removals += 1;
    if (increment.sequence !== book.sequence! + 1) wrong.push(`increment ${increment.sequence}`);
    book.apply(increment);
    if (ahead[at] !== undefined) {
      const { asks, bids } = book.snapshot();
      if (show({ asks, bids, sequence: increment.sequence - 1 }) !== show(ahead[at])) {
        wrong.push(`levels of ${id}`);
      }
      ahead[at] = undefined;
    }
  });
  const { stdout, code } = await new Deno.Command(publish, {
    args: [
      ...["--from", "501", "--trace", trace, "--snap", "0.2"],
      ...[broker!.url, exchange, "900", "1", "ob_inc:0:1:2:public.m%d.ob-inc"],
    ],
  }).output();
  equal(code, 0);
  const { lines }: PublishReport = JSON.parse(new TextDecoder().decode(stdout));
  deepEqual(lines, [{ key: "public.m%d.ob-inc", count: 2, sent: 900 }]);
  await until(() => (seen.increments === 900 ? true : undefined), () => show(seen));
  deepEqual(wrong, []);
  equal(seen.starts, 2);
  ok(seen.snapshots >= 4 && seen.removals > 150, show(seen));
  for (const book of books) equal(book.sequence, 950);
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
