/** What clients learn about the completeness of their data, and the end of connections that get no message. */
import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";
import { connectClient } from "../support/client.ts";
import { startExchange } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";

const broker = await sharedBroker();

function status(message: string, ...streams: readonly string[]): string {
  const list = streams.length > 0 ? `,"streams":${JSON.stringify(streams)}` : "";
  return `{"status":{"message":"${message}"${list}}}`;
}

Deno.test("a book without a state is stale until its snapshot, and after a gap", async () => {
  await using exchange = await startExchange(broker);
  await using client = await exchange.connect("/public?stream=usdbtc.ob-inc&status=1");
  assert.equal(await client.next(), status("stale", "usdbtc.ob-inc"));
  await using old = await exchange.connect("/public?stream=usdbtc.ob-inc");
  await using whole = await exchange.connect("/public?stream=usdbtc&status=1");
  const snapshot = { asks: [["2.0", "1"]], bids: [["1.0", "1"]], sequence: 1 };
  await exchange.publish("public.usdbtc.ob-snap", snapshot);
  for (const each of [client, old, whole]) {
    assert.equal(await each.next(), `{"usdbtc.ob-snap":${JSON.stringify(snapshot)}}`);
  }
  await exchange.publish("public.usdbtc.ob-inc", { asks: ["2.0", "3"], sequence: 3 });
  await exchange.settled();
  assert.equal(await client.next(), status("stale", "usdbtc.ob-inc"));
  assert.equal(await whole.next(), status("stale", "usdbtc.ob-inc"));
  await exchange.assertOwedNothing(old);
  await using late = await exchange.connect("/public?stream=usdbtc&status=1");
  assert.equal(await late.next(), status("stale", "usdbtc.ob-inc"));
});

Deno.test("a lost broker is reported at once, and what it may have cost once it is back", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const key = await makeKey();
  await using ranger = await startRanger({
    args: [
      ...["--amqp-url", gate.url, "--exchange", publisher.exchange],
      ...["--jwt-public-key", key.publicPem, "--drain-seconds=1"],
    ],
  });
  await ranger.consuming();
  const connect = async (path: string, token?: string) => {
    const client = await connectClient(ranger.url(path), token === undefined ? {} : { token });
    assert.match(await client.next(), /"subscribed"/);
    return client;
  };
  const token = await key.token({ uid: "ID1" });
  await using client = await connect("/public?stream=usdbtc.ob-inc&stream=usdbtc.trades&status=1");
  assert.equal(await client.next(), status("stale", "usdbtc.ob-inc"));
  await publisher.publish("public.usdbtc.ob-snap", { asks: [], bids: [], sequence: 1 });
  assert.equal(await client.next(), '{"usdbtc.ob-snap":{"asks":[],"bids":[],"sequence":1}}');
  await using trader = await connect("/private?stream=order", token);
  await using knowing = await connect("/private?stream=order&status=1", token);
  await using anonymous = await connect("/public?stream=order&stream=usdbtc.trades");

  await gate.shut();
  assert.equal(await client.next(), status("source down"));
  assert.equal(await client.next(), status("stale", "usdbtc.ob-inc"));
  await using late = await connect("/public?stream=usdbtc.trades&status=1");
  assert.equal(await late.next(), status("source down"));

  await gate.open();
  for (const each of [client, late]) {
    assert.equal(await each.next(), status("source up"));
    assert.equal(await each.next(), status("events may be missing", "usdbtc.trades"));
  }
  assert.deepEqual(await knowing.take(3), [
    status("source down"),
    status("source up"),
    status("events may be missing", "order"),
  ]);
  assert.deepEqual(await trader.closing(), { code: 1012, reason: "events may be missing" });
  assert.equal(await anonymous.ask("ping"), "pong");
  assert.equal(await knowing.ask("ping"), "pong");
});
