import assert from "node:assert/strict";
import { until } from "../../testing/bounded.ts";
import { connectClient } from "../support/client.ts";
import { step } from "../support/exchange.ts";
import { inspectedProgram, Inspector } from "../../testing/inspector.ts";
import { asManyAs, ManyClients } from "../support/many_clients.ts";
import { freePort } from "../../testing/ports.ts";
import { program } from "../../testing/program.ts";
import { memoryOf, socketsOf } from "../../testing/process_figures.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";

const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];

function backTo(ranger: RangerProcess, sockets: number): Promise<true> {
  return until(
    () => socketsOf(ranger.pid) <= sockets || undefined,
    () => `${sockets} sockets, as before; there are ${socketsOf(ranger.pid)}`,
  );
}

Deno.test("thousands that come and go at once leave nothing behind", async (t) => {
  const port = freePort();
  await using ranger = await startRanger({
    args: NO_BROKER,
    // From the sources, whatever is tested otherwise: only there can one look inside.
    program: inspectedProgram(port),
  });
  using inspector = await Inspector.connect(port);
  await using witness = await connectClient(ranger.url());
  await witness.next();
  const stats = async () => await (await fetch(ranger.managementUrl("/stats"))).json();
  // Asked before the sockets are counted: the connection that asks is kept for a while.
  assert.equal((await stats()).connections.open, 1);
  const sockets = socketsOf(ranger.pid);
  const count = asManyAs(10_000);

  /** All there together, then all gone together. */
  async function round(): Promise<void> {
    const path = "/public?stream=a.trades,b.trades,order";
    await using clients = await ManyClients.connect(ranger.url(path), count);
    // Also a sign of life of a client that reads nothing meanwhile.
    assert.equal(await witness.ask("ping"), "pong");
    assert.equal((await stats()).connections.open, count + 1);
    await clients.leave();
    await backTo(ranger, sockets);
  }

  await step(t, `rounds of ${count}`, async () => {
    // The first one fills the server's pools and caches, and its heap finds its size.
    await round();
    const before = { memory: memoryOf(ranger.pid), ...await inspector.figures() };
    await round();
    const grown = memoryOf(ranger.pid) / before.memory;
    assert.ok(grown < 1.2, `memory has grown to ${grown.toFixed(2)} times what it was`);
    const { heap, objects, active } = await inspector.figures();
    // Whatever one would keep of each client takes more.
    const kept = (heap - before.heap) / count;
    assert.ok(kept < 100, `${kept.toFixed()} bytes are kept of each client`);
    // The witness, the class's prototype, the empty chain of each wire format, and what a variable
    // may still hold.
    for (
      const kind of [
        ...["Session", "WebSocketConnection", "Outbox", "Subscriber", "Receiver", "FrameChain"],
        ...["Audience", "SharedLog", "WriteGroup", "LogEntry"],
      ]
    ) {
      assert.ok((objects[kind] ?? 0) < 30, `${objects[kind]} of ${kind} are kept`);
    }
    const timers = (active.Timeout ?? 0) - (before.active.Timeout ?? 0);
    assert.ok(timers < 10, `${timers} timers are kept`);
    const { connections, hub, limitsHit } = await stats();
    assert.equal(connections.open, 1);
    assert.equal(hub.streams, 0);
    assert.deepEqual(limitsHit, {});
    assert.equal(await witness.ask("ping"), "pong");
  });
});

Deno.test("a server that may open no more files takes clients again when it may", async () => {
  const [file, ...first] = program();
  await using ranger = await startRanger({
    args: NO_BROKER,
    program: ["/bin/sh", "-c", 'ulimit -n 300 && exec "$@"', "sh", file, ...first],
  });
  await using witness = await connectClient(ranger.url());
  await witness.next();
  const sockets = socketsOf(ranger.pid);
  for (let round = 0; round < 2; round++) {
    const clients = await Promise.all(
      Array.from({ length: 500 }, () => RawClient.connect(ranger.port)),
    );
    await until(
      () => socketsOf(ranger.pid) > 250 || undefined,
      "the server to have as many as it may",
    );
    assert.equal(await witness.ask("ping"), "pong");
    for (const client of clients) client.close();
    await backTo(ranger, sockets);
    await using next = await connectClient(ranger.url());
    await next.next();
    assert.equal(await next.ask("ping"), "pong");
    const { status, body } = await fetch(ranger.managementUrl("/healthz"));
    await body?.cancel();
    assert.equal(status, 200);
  }
});
