import assert from "node:assert/strict";
import { freshWord, startExchange, step } from "../support/exchange.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

Deno.test("best levels and latest values of a running server", async (t) => {
  await using exchange = await startExchange(broker, {
    args: ["--streams-mode=strict", "--streams-depth-interval=10"],
  });

  await step(t, "best levels follow the order book, in both envelopes", async () => {
    const id = freshWord();
    const bbo = `${id}.bbo`;
    const depth = `${id}.depth-5`;
    await using client = await exchange.connect(`/public?stream=${bbo}&stream=${depth}`);
    await using tuples = await exchange.connect(`/public?stream=${bbo}&envelope=tuple`, {
      holds: [bbo],
    });
    const asks = Array.from({ length: 6 }, (_, at) => [`${at + 2}.0`, "1"]);
    await exchange.publish(`public.${id}.ob-snap`, { asks, bids: [["1.0", "5"]], sequence: 1 });
    const best = '{"ask":["2.0","1"],"bid":["1.0","5"],"sequence":1}';
    const five = `{"asks":${JSON.stringify(asks.slice(0, 5))},"bids":[["1.0","5"]],"sequence":1}`;
    assert.deepEqual(
      (await client.take(2)).sort(),
      [`{"${bbo}":${best}}`, `{"${depth}":${five}}`].sort(),
    );
    assert.equal(await tuples.next(), `["${bbo}",${best}]`);
    await exchange.publish(`public.${id}.ob-inc`, { asks: ["2.0", ""], sequence: 2 });
    const next = await client.take(2);
    assert.ok(next.includes(`{"${bbo}":{"ask":["3.0","1"],"bid":["1.0","5"],"sequence":2}}`));
    assert.ok(next.some((message) => message.startsWith(`{"${depth}":{"asks":[["3.0","1"]`)));
    await using late = await exchange.connect(`/public?stream=${depth}`);
    assert.equal(
      await late.next(),
      `{"${depth}":{"asks":${JSON.stringify(asks.slice(1))},"bids":[["1.0","5"]],"sequence":2}}`,
    );
    await exchange.assertOwedNothing(late);
  });

  await step(t, "a late comer has the latest candle", async () => {
    const id = freshWord();
    const name = `${id}.kline-1m`;
    await exchange.publish(`public.${name}`, [60, 1, 1, 1, 1, 1]);
    await exchange.publish(`public.${name}`, [60, 1, 2, 1, 2, 3]);
    await exchange.settled();
    await using client = await exchange.connect(`/public?stream=${name}`);
    assert.equal(await client.next(), `{"${name}":[60,1,2,1,2,3]}`);
    await exchange.assertOwedNothing(client);
  });
});
