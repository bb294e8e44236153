import assert from "node:assert/strict";
import { drain } from "../../src/session/drain.ts";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { bounded } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { preloaded } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { closeOf, Opcode, RawClient } from "../../testing/raw_client.ts";

const broker = await sharedBroker();
const DRAIN = 2;
const CLIENTS = 20;
const GOING_AWAY = { code: 1001, reason: "" };

/** Reads to the close frame, and asserts that no event is missing; resolves to when, and the last. */
async function untilClosed(client: Client): Promise<{ at: number; last: number }> {
  for (let last = 0;;) {
    const frame = await client.raw.frame();
    if (frame.opcode === Opcode.close) {
      assert.deepEqual(closeOf(frame), GOING_AWAY);
      return { at: performance.now(), last };
    }
    if (frame.opcode === Opcode.ping) continue;
    assert.equal(new TextDecoder().decode(frame.payload), `{"a.trades":{"n":${++last}}}`);
  }
}

Deno.test("clients are closed one after the other over the drain, and get every event until then", async () => {
  await using stack = new AsyncDisposableStack();
  const publisher = stack.use(await connectPublisher(broker.url, randomExchange()));
  const source = ["--amqp-url", broker.url, "--exchange", publisher.exchange];
  const ranger = stack.use(
    await startRanger({ args: [...source, "--no-auth", "--drain-seconds", `${DRAIN}`] }),
  );
  await ranger.consuming();
  const clients: Client[] = [];
  while (clients.length < CLIENTS) {
    const client = stack.use(await connectClient(ranger.url("/public?stream=a.trades")));
    assert.equal(await client.next(), subscribed("a.trades"));
    clients.push(client);
  }

  let ended = false;
  const publishing = (async () => {
    for (let n = 1; !ended; n++) await publisher.publish("public.a.trades", { n });
  })();
  // Where the test fails it is the first to say so.
  publishing.catch(() => {});
  ranger.signal("SIGTERM");
  await ranger.log((line) => line.message.startsWith("SIGTERM"), "the signal");
  const closed = clients.map(untilClosed);
  const ready = await fetch(ranger.managementUrl("/readyz"));
  assert.equal(ready.status, 503);
  assert.deepEqual((await ready.json()).reasons, ["the server is shutting down"]);
  await assert.rejects(RawClient.connect(ranger.port), Deno.errors.ConnectionRefused);

  const ends = await Promise.all(closed);
  ended = true;
  await publishing;
  // Each at its time between the first and the last, give or take a fifth of the whole.
  const times = ends.map(({ at }) => at).sort((one, other) => one - other);
  const whole = times.at(-1)! - times[0]!;
  assert.ok(whole > DRAIN * 1000 / 2, `all were closed within ${whole} ms`);
  for (const [nth, at] of times.entries()) {
    const [is, wanted] = [(at - times[0]!) / whole, nth / (CLIENTS - 1)];
    assert.ok(Math.abs(is - wanted) < 0.2, `number ${nth} after ${is} of the time`);
  }
  // Who stayed longer had more.
  const counts = ends.map(({ last }) => last);
  assert.ok(Math.max(...counts) > 2 * Math.min(...counts) + CLIENTS, counts.join(" "));
  for (const client of clients) await client.close();
  assert.equal((await ranger.ended).code, 0);
});

Deno.test("a broker that stands still and clients that read nothing hold nothing up", async () => {
  await using stack = new AsyncDisposableStack();
  const gate = stack.use(new Gate(broker.url));
  await gate.open();
  const ranger = stack.use(
    await startRanger({ args: ["--no-auth", "--amqp-url", gate.url, "--drain-seconds", "1"] }),
  );
  await ranger.consuming();
  const silent = [1, 2].map(() => RawClient.open(ranger.url("/public")));
  for (const client of silent) stack.use(await client);
  gate.jam();
  ranger.signal("SIGTERM");
  const { code } = await bounded(ranger.ended, "the server to end", 6_000);
  assert.equal(code, 0);
  assert.equal(ranger.logged((line) => line.message.startsWith("shutdown timed out")), 0);
});

Deno.test("what never ends is left behind", async () => {
  await using ranger = await startRanger({
    program: preloaded("never_closes.ts"),
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1"],
  });
  ranger.signal("SIGINT");
  const { code } = await bounded(ranger.ended, "the server to end", 5_000);
  assert.equal(code, 0);
  assert.equal(ranger.logged((line) => line.message.startsWith("shutdown timed out")), 1);
});

Deno.test("a drain is even whether clients are few or many, or come late", async () => {
  const over = 300;
  // Some were half way in when it began.
  for (const [count, late] of [[0, 0], [1, 0], [3, 0], [15, 2], [5000, 10]] as const) {
    const began = performance.now();
    let size: number = count;
    const closes: { at: number; share: number }[] = [];
    const { told, gone } = drain({
      get size() {
        return size;
      },
      close(share) {
        closes.push({ at: performance.now() - began, share });
        size -= share;
        if (closes.length === 2) size += late;
        return Promise.resolve();
      },
    }, over);
    await told;
    await gone;
    assert.equal(size, 0);
    assert.equal(closes.reduce((sum, { share }) => sum + share, 0), count + late);
    if (count <= 3) assert.deepEqual(closes.map(({ share }) => share), Array(count).fill(1));
    // No share is a stampede, but for what a machine that stood still has to catch up.
    let before = 0;
    for (const { at, share } of count === 5000 ? closes : []) {
      assert.ok(share <= count * ((at - before) / over + 0.1), `${share} after ${at - before} ms`);
      before = at;
    }
  }
});
