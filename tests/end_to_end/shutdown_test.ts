import assert from "node:assert/strict";
import { Handshakes } from "../../src/http/handshakes.ts";
import { Listener } from "../../src/http/listener.ts";
import { httpApp } from "../../src/http/http_app.ts";
import type { AdmissionSlot } from "../../src/http/admission.ts";
import { LabelledCounter } from "../../src/telemetry/labelled_counter.ts";
import { connectPublisher, type Publisher, randomExchange } from "../../testing/amqp.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { closeOf, Opcode, RawClient } from "../../testing/raw_client.ts";

const broker = await sharedBroker();
const GOING_AWAY = { code: 1001, reason: "" };

/** A Ranger that consumes from the publisher's exchange. */
async function consuming(url: string, { exchange }: Publisher, ...args: string[]) {
  const ranger = await startRanger({
    args: ["--amqp-url", url, "--exchange", exchange, ...args],
  });
  await ranger.consuming();
  return ranger;
}

/** Sends the signal and awaits the exit code: every wait of the server is for a few seconds at most. */
async function terminate(ranger: RangerProcess): Promise<number> {
  ranger.signal("SIGTERM");
  const told = () => `the server to end\n${ranger.stderr}`;
  return (await bounded(ranger.ended, told, 30_000)).code;
}

Deno.test("SIGTERM delivers what is pending, closes clients with 1001, and ends with 0", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const limit = "--limits-unsent-bytes=1000000000";
  await using ranger = await consuming(broker.url, publisher, "--no-auth", limit);
  await using quick = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await quick.next(), subscribed("usdbtc.trades"));
  await using late = await connectClient(ranger.url("/public?stream=usdbtc.bulk"));
  assert.equal(await late.next(), subscribed("usdbtc.bulk"));

  // Until the kernel takes no more of it, so that some of it is pending in the server.
  const filler = "x".repeat(60_000);
  let published = 0;
  await until(async () => {
    for (let more = 0; more < 40; more++) {
      await publisher.publish("public.usdbtc.bulk", { n: ++published, filler });
    }
    const { unsentBytes } = await (await fetch(ranger.managementUrl("/stats"))).json();
    return unsentBytes > 1_000_000 || undefined;
  }, "events to wait for the client");
  // And one behind them, which nothing tried to write yet.
  await publisher.publish("public.usdbtc.bulk", { n: ++published, filler });
  await publisher.publish("public.usdbtc.trades", { n: 1 });
  assert.equal(await quick.next(), '{"usdbtc.trades":{"n":1}}');

  const ended = terminate(ranger);
  // All are closed in one go: by now the other has its close frame behind what is pending.
  assert.deepEqual(await quick.closing(), GOING_AWAY);
  for (let n = 1; n <= published; n++) {
    assert.equal(await late.next(), `{"usdbtc.bulk":{"n":${n},"filler":"${filler}"}}`);
  }
  assert.deepEqual(await late.closing(), GOING_AWAY);
  for (const client of [quick, late]) await client.close();
  assert.equal(await ended, 0);
});

Deno.test("nothing that a client or the broker fails to do keeps the server from ending", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using gate = new Gate(broker.url);
  await gate.open();
  await using ranger = await consuming(gate.url, publisher, "--no-auth");
  using idle = await RawClient.connect(ranger.port);
  using halfway = await RawClient.connect(ranger.port);
  await halfway.write("GET /public HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n");
  using kept = await RawClient.connect(ranger.port);
  await kept.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.equal((await kept.response()).status, 200);
  using refused = await RawClient.connect(ranger.port);
  assert.equal((await refused.handshake(ranger.url("/private"))).status, 401);
  using operator = await RawClient.connect(ranger.managementPort);
  using silent = await RawClient.open(ranger.url("/public?stream=usdbtc.bulk"));
  using answering = await RawClient.open(ranger.url("/public"));
  using blocked = await RawClient.open(ranger.url("/public?stream=usdbtc.bulk"));

  const { connections: { open } } = await (await fetch(ranger.managementUrl("/stats"))).json();
  assert.equal(open, 3);
  gate.jam();
  const ended = terminate(ranger);
  // The close frame is left unanswered, and of the two one is left unread.
  assert.equal((await silent.frame()).opcode, Opcode.text);
  assert.deepEqual(closeOf(await silent.frame()), GOING_AWAY);
  assert.equal((await answering.frame()).opcode, Opcode.text);
  const close = await answering.frame();
  assert.deepEqual(closeOf(close), GOING_AWAY);
  await answering.send({ opcode: Opcode.close, payload: close.payload });
  assert.equal(await answering.ended(), "end");
  for (const client of [idle, halfway, kept, operator]) await client.ended();
  assert.equal(await ended, 0);
  for (const client of [silent, blocked, refused]) await client.ended();
});

Deno.test("no client slips in while the server closes", async () => {
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<void>();
  let forgone = 0;
  const listener = new Listener(httpApp(), {
    handshakes: new Handshakes({ handshakeTimeout: 60, connections: 1 }, new LabelledCounter()),
    release: () => forgone++,
    app: {
      async fetch(_request, slot: AdmissionSlot) {
        asked.resolve();
        // A token that takes long to verify.
        await decided.promise;
        slot.admission = {
          checksums: false,
          address: "127.0.0.1",
          identity: undefined,
          transport: "websocket",
          envelope: "object",
          reporting: "none",
          cursor: undefined,
          last: undefined,
          extensions: undefined,
          streams: [],
        };
        return new Response();
      },
    },
    admit: () => assert.fail("a client was taken"),
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, "--port");
  using client = await RawClient.connect(port);
  const response = client.handshake(`ws://127.0.0.1:${port}/private`);
  await asked.promise;
  const closed = listener.close();
  decided.resolve();
  assert.equal((await response).status, 503);
  client.close();
  await closed;
  assert.equal(forgone, 1);
});

Deno.test("a second signal ends the server at once", async () => {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await consuming(broker.url, publisher, "--no-auth");
  // It does not answer the close frame, so the server waits for it.
  using client = await RawClient.open(ranger.url("/public"));
  ranger.signal("SIGINT");
  await ranger.log((line) => line.message.includes("SIGINT"), "the first signal");
  assert.equal((await client.frame()).opcode, Opcode.text);
  assert.deepEqual(closeOf(await client.frame()), GOING_AWAY);
  ranger.signal("SIGTERM");
  assert.equal((await ranger.ended).code, 143);
  await ranger.stop();
  assert.equal(ranger.logged((line) => line.message === "stopped"), 0);
});
