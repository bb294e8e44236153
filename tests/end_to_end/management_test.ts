import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { startExchange, step, subscribed } from "../support/exchange.ts";
import { until } from "../../testing/bounded.ts";
import { Gate } from "../../testing/gate.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { RawClient } from "../../testing/raw_client.ts";
import { makeKey } from "../../testing/tokens.ts";

const broker = await sharedBroker();

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

Deno.test("it is ready while events come in, says why it is not, and lives all the time", async () => {
  await using gate = new Gate(broker.url);
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", "--amqp-url", gate.url, "--exchange", publisher.exchange],
      "--management-broker-grace=0",
    ],
  });
  const readiness = () => get(ranger.managementUrl("/readyz"));
  const alive = () => get(ranger.managementUrl("/healthz"));
  await ranger.log((line) => /nothing listens/.test(String(line.reason)), "the first attempt");
  const away = {
    status: 503,
    body: {
      ready: false,
      reasons: [
        `no events come in: the broker 127.0.0.1:${gate.port}: nothing listens there`,
      ],
    },
  };
  assert.deepEqual(await readiness(), away);
  assert.deepEqual(await alive(), { status: 200, body: { alive: true } });

  await gate.open();
  await ranger.consuming();
  assert.deepEqual(await readiness(), { status: 200, body: { ready: true, reasons: [] } });

  await gate.shut();
  await ranger.log((line) => line.message.startsWith("lost the broker"), "the loss");
  const { status, body } = await readiness();
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /"reasons":\["no events come in: the broker /);
  assert.deepEqual(await alive(), { status: 200, body: { alive: true } });
});

Deno.test("a lost broker is reported only after the grace time", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: [
      ...["--no-auth", "--amqp-url", gate.url, "--exchange", publisher.exchange],
      "--management-broker-grace=1",
    ],
  });
  await ranger.consuming();
  await gate.shut();
  await ranger.log((line) => line.message.startsWith("lost the broker"), "the loss");
  const lost = performance.now();
  const { status } = await get(ranger.managementUrl("/readyz"));
  // A machine that paused for a second is not a failure.
  if (performance.now() - lost < 900) assert.equal(status, 200);
  await until(
    async () => (await get(ranger.managementUrl("/readyz"))).status === 503 || undefined,
    "the loss to be reported",
  );
  await gate.open();
  await ranger.consuming(2);
  assert.equal((await get(ranger.managementUrl("/readyz"))).status, 200);
});

Deno.test("statistics and what else the management listener answers", async (t) => {
  await using exchange = await startExchange(broker);
  const { ranger } = exchange;

  await step(t, "/stats counts clients, events and bytes", async () => {
    const token = await exchange.key.token({ uid: "ID1" });
    await using client = await exchange.connect("/private?stream=order&stream=a.trades", { token });
    await exchange.publish("public.a.trades", { n: 1 });
    await exchange.publish("private.ID1.order", { n: 2 });
    await exchange.publish("public.nobody.trades", { n: 3 });
    await exchange.publish("public.a.trades", "no JSON");
    await exchange.publish("a.routing.key.too.long", { n: 4 });
    await exchange.publish("public.a.ob-snap", { asks: [], bids: [], sequence: 1 });
    await client.take(2);
    await exchange.settled();

    const { status, body } = await get(ranger.managementUrl("/stats"));
    assert.equal(status, 200);
    const { connections, closes, limitsHit, unsentBytes, events, out, hub, streams, ...others } =
      body as Record<
        string,
        Record<string, unknown>
      >;
    const { auth, source, reload, loopLag, memory, history, readers, ...rest } = others;
    assert.equal(history?.events, 3);
    assert.deepEqual(readers, { behind: 0, begun: {}, events: 0, resumes: {} });
    assert.deepEqual(rest, {});
    assert.equal(reload!.successful, true);
    assert.deepEqual([source!.interruptions, source!.interruptedSeconds], [0, 0]);
    assert.deepEqual(closes, {});
    // Two answers to handshakes, two events, and the one that tells that all is settled.
    assert.equal(out?.frames, 5);
    assert.ok(Number(out?.bytes) > 100);
    assert.deepEqual(streams, { "marker.update": 1, "a.trades": 1, "order": 1 });
    assert.equal(typeof loopLag?.seconds, "number");
    // The test's own observer is the other one.
    assert.deepEqual(connections, {
      open: 2,
      authenticated: 1,
      total: 2,
      totalAuthenticated: 1,
      sse: 0,
      totalSse: 0,
    });
    assert.deepEqual(auth, {
      results: { accepted: 1 },
      keys: 1,
      expiries: { waiting: 1, expired: 0 },
    });
    assert.deepEqual(limitsHit, {});
    assert.equal(unsentBytes, 0);
    assert.deepEqual(events, {
      received: 7,
      delivered: 3,
      fannedOut: 3,
      unheld: 2,
      malformedKeys: 1,
      notJson: 1,
      tooLarge: 0,
      incrementsHeldBack: 0,
      incrementsStale: 0,
      gaps: 0,
      resyncs: 0,
      statesEvicted: 0,
      statesTurnedAway: 0,
      refused: {},
    });
    assert.deepEqual(hub, {
      streams: 3,
      subscriptions: 3,
      users: 1,
      states: 1,
      statesUnsure: 0,
      statesWaiting: 0,
      latestValues: 1,
      derivedStreams: 0,
      // The observer's latest event.
      stateBytes: 2 * '{"asks":[],"bids":[],"marker":1}'.length + 300,
    });
    assert.equal(source?.connected, true);
    assert.equal(source?.reconnects, 0);
    assert.match(String(source?.detail), /^consuming from \S+ of \S+ by ranger\.\S+$/);
    assert.ok(Number(memory?.rss) > 1_000_000);
  });

  await step(t, "/ says what there is, and anything else is not found", async () => {
    const response = await fetch(ranger.managementUrl("/"));
    assert.equal(response.status, 200);
    assert.match(await response.text(), /\/metrics .*\/stats .*\/healthz .*\/readyz /s);
    const missing = await fetch(ranger.managementUrl("/metrix"));
    assert.equal(missing.status, 404);
    await missing.text();
  });

  await step(t, "clients cannot use it, nor the operator that of the clients", async () => {
    const management = ranger.managementUrl("/public").replace(/^http/, "ws");
    await assert.rejects(connectClient(management));
    for (const path of ["/metrics", "/stats", "/readyz", "/healthz"]) {
      const response = await fetch(ranger.publicUrl(path));
      assert.equal(response.status, 426);
      assert.doesNotMatch(await response.text(), /connections|ready|alive/);
    }
    await using client = await connectClient(ranger.url("/public"));
    assert.equal(await client.next(), subscribed());
  });
});

Deno.test("it can only be read, and shows no user, no address and no secret", async () => {
  const key = await makeKey();
  const secrets = ["hunter2", "UIDOFSOMEBODY", "203.0.113.7"];
  const [password, uid, address] = secrets as [string, string, string];
  await using ranger = await startRanger({
    args: [
      ...[`--amqp-url=amqp://ranger:${password}@127.0.0.1:1/`, "--trusted-proxies=127.0.0.1"],
      ...["--jwt-public-key", key.publicPem],
    ],
  });
  const token = await key.token({ uid });
  using client = await RawClient.connect(ranger.port);
  const { status } = await client.handshake(ranger.url("/private?stream=order"), {
    headers: { Authorization: `Bearer ${token}`, "X-Forwarded-For": address },
  });
  assert.equal(status, 101);
  // What a name that was made to lead here has a browser send: a page's own origin, and its host.
  const { port } = new URL(ranger.managementUrl("/"));
  const ask = async (method: string, path: string) => {
    using raw = await RawClient.connect(Number(port));
    await raw.write(
      `${method} ${path} HTTP/1.1\r\nHost: rebound.example:${port}\r\n` +
        "Connection: close\r\nContent-Length: 0\r\n\r\n",
    );
    return await raw.response();
  };
  for (const path of ["/", "/metrics", "/stats", "/healthz", "/readyz", "/nothing"]) {
    const { status, headers, body } = await ask("GET", path);
    assert.equal(status, path === "/nothing" ? 404 : path === "/readyz" ? 503 : 200);
    assert.ok(body.length > 0);
    const names = [...headers.keys()];
    assert.ok(!names.some((name) => name.startsWith("access-control-")), String(names));
    const read = `${[...headers]}${body}`;
    for (const secret of [...secrets, token, token.split(".")[1]!]) {
      assert.ok(!read.includes(secret), `${path} shows ${secret}`);
    }
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      assert.equal((await ask(method, path)).status, 405, `${method} ${path}`);
    }
  }
  assert.match((await ask("GET", "/stats")).body, /"authenticated":1/);
});
