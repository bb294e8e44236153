import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { BookClient } from "../support/book_client.ts";
import { BookMarket } from "../support/book_market.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { worthOf } from "../support/model_book.ts";
import { startBroker } from "../../testing/rabbitmq.ts";
import { type LogLine, type RangerProcess, startRanger } from "../../testing/ranger.ts";

const at = (port: number) => (line: LogLine) =>
  line.message.startsWith("consuming") && line.broker === `127.0.0.1:${port}`;

/** The part of `/stats` about the broker. */
async function source(ranger: RangerProcess): Promise<Record<string, unknown>> {
  return (await (await fetch(ranger.managementUrl("/stats"))).json()).source;
}

/** An exchange with a few books, which moves from broker to broker as its server does. */
class Books {
  readonly name = randomExchange();
  readonly markets: readonly BookMarket[] = [10, 0, 777, undefined, undefined].map((sequence, n) =>
    new BookMarket(`m${n}`, sequence)
  );
  #changes = 0;

  /** What is in the books changes, and nobody hears of it. */
  change(): string[] {
    const digit = this.#changes++ % 7;
    return this.markets.map((market) =>
      market.increment({
        asks: [`${1 + digit}.50`, `${this.#changes}`],
        bids: [[`0.${digit}5`, "1.0"]],
      })
    );
  }

  /** Publishes through one broker: a snapshot of each book, and changes before and after it. */
  async publish(url: string, last = false): Promise<void> {
    await using publisher = await connectPublisher(url, this.name);
    const all = async (event: string, bodies: readonly string[]) => {
      for (const [n, { id }] of this.markets.entries()) {
        await publisher.publish(`public.${id}.${event}`, bodies[n]);
      }
    };
    // Before the snapshot: of no use to a client that missed what was before.
    await all("ob-inc", this.change());
    await all("ob-snap", this.markets.map((market) => market.snapshot()));
    for (let n = 0; n < 10; n++) await all("ob-inc", this.change());
    if (last) await all("marker", this.markets.map(() => "0"));
  }
}

Deno.test("of several brokers the one that lives is found, and every book is right after each change", async () => {
  const [first, second] = await Promise.all([startBroker(), startBroker()]);
  try {
    await first.kill();
    const books = new Books();
    const flags = ["--amqp-urls", `${first.url},${second.url}`, "--exchange", books.name];
    await using ranger = await startRanger({ args: ["--no-auth", ...flags] });
    await ranger.log(at(second.port), "that the second broker is taken");
    assert.equal(ranger.logged((line) => /nothing listens/.test(String(line.reason))), 1);

    const clients = await Promise.all(
      (["increments", "both", "whole"] as const).map((holding) =>
        BookClient.join(ranger, {
          holdings: new Map(books.markets.map((market) => [market, holding])),
          envelope: "object",
          by: "query",
        })
      ),
    );
    await books.publish(second.url);
    await first.restart();
    await second.kill();
    await ranger.log(at(first.port), "that the first broker is taken");
    for (let n = 0; n < 5; n++) books.change();
    await books.publish(first.url);

    await second.restart();
    await first.kill();
    await ranger.consuming(3);
    books.change();
    await books.publish(second.url, true);

    for (const client of clients) {
      await client.readToMarkers();
      for (const { market, holding, book, snapshots, increments } of client.followed.values()) {
        assert.deepEqual(worthOf(book!.snapshot()), worthOf(market.book.snapshot()), market.id);
        // One when it joined, and one after each loss; and none of the changes before them.
        if (holding !== "increments") continue;
        assert.deepEqual([snapshots.length, increments], [3, 30], market.id);
      }
      await client.leave("in order");
    }
    const { connected, reconnects, failures, since, lastError } = await source(ranger);
    assert.deepEqual([connected, reconnects], [true, 2]);
    assert.ok((failures as Record<string, number>).refused! >= 1, JSON.stringify(failures));
    assert.ok(!Number.isNaN(Date.parse(String(since))));
    assert.match(String(lastError), /^the broker 127\.0\.0\.1:\d+: /);
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
});

Deno.test("while no broker of several answers, each of them is logged, and there is a pause after each round", async () => {
  // Ports that nothing listens on, but that count who knocks once they are opened.
  await using one = new Gate("amqp://guest:guest@127.0.0.1:1/");
  await using two = new Gate("amqp://guest:guest@127.0.0.1:1/");
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-urls", `${one.url},${two.url}`],
  });
  await using client = await connectClient(ranger.url("/public?stream=a.b"));
  assert.equal(await client.next(), subscribed("a.b"));
  for (const { port } of [one, two]) {
    await ranger.log(
      (line) => line.broker === `127.0.0.1:${port}` && /nothing listens/.test(String(line.reason)),
      "that nothing listens there",
    );
  }
  const ready = await fetch(ranger.managementUrl("/readyz"));
  assert.equal(ready.status, 503);
  assert.deepEqual((await ready.json()).reasons, [
    "no events come in: " +
    [one, two].map(({ port }) => `the broker 127.0.0.1:${port}: nothing listens there`).join("; "),
  ]);
  await Promise.all([one.open({ turnAway: true }), two.open({ turnAway: true })]);
  await ranger.log((line) => /ended|closed/i.test(String(line.reason)), "that it is turned away");
  assert.equal(await client.ask("ping"), "pong");
  // In turn: none is asked twice before the other was.
  assert.ok(Math.abs(one.taken - two.taken) <= 1, `${one.taken} and ${two.taken}`);
});
