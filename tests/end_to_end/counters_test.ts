/**
 * Each counter that the documents name for operators counts what it says, once each: by what a
 * scrape gives, since that is where it is read.
 */
import assert from "node:assert/strict";
import { METRICS } from "../../src/daemon/metrics/metrics.ts";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { freshName, freshWord, startExchange, step } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { labelled, scrape } from "../support/metrics.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { closeOf, Opcode, RawClient } from "../../testing/raw_client.ts";

const broker = await sharedBroker();

const NO_BROKER = ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/"];

const KNOWN_LIMITS = METRICS.flatMap((metric) =>
  metric.name === "ranger_limits_hit_total" && metric.labels ? metric.known?.flat() : []
);

/** All of the limits' counters, so that what counts something else as well is found out. */
async function limitsOf(ranger: RangerProcess): Promise<Record<string, number>> {
  return counts(await labelled(ranger, "ranger_limits_hit_total", "limit"));
}

/** Without those that are still 0. */
function counts(all: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

async function counted(
  ranger: RangerProcess,
  expected: Readonly<Record<string, number>>,
  what: string,
): Promise<void> {
  let found: Readonly<Record<string, number>> = {};
  await until(
    async () => {
      found = await limitsOf(ranger);
      return sum(found) >= sum(expected) || undefined;
    },
    () => `${what}: ${JSON.stringify(expected)}, not ${JSON.stringify(found)}`,
  );
  assert.deepEqual(found, expected, what);
  // Each begins at 0 in every scrape.
  for (const limit of Object.keys(found)) assert.ok(KNOWN_LIMITS.includes(limit), limit);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** As a client that a proxy tells to come from there. */
function from(address: string) {
  return { headers: { "X-Forwarded-For": address } };
}

async function open(ranger: RangerProcess, address: string): Promise<Client> {
  const client = await connectClient(ranger.url(), from(address));
  await client.next();
  return client;
}

async function refused(ranger: RangerProcess, address: string, status: number): Promise<void> {
  using client = await RawClient.connect(ranger.port);
  assert.equal((await client.handshake(ranger.url(), from(address))).status, status);
}

Deno.test("each limit counts as often as it was hit, under its name, and no other", async (t) => {
  await using ranger = await startRanger({
    args: [
      ...NO_BROKER,
      "--trusted-proxies=127.0.0.1",
      "--limits-message-bytes=100",
      // So slow a rate that the time between two messages does not matter.
      "--limits-message-rate=1",
      "--limits-message-burst=40",
      "--limits-streams=2",
      "--limits-connections=8",
      "--limits-connections-per-address=2",
      "--limits-handshake-timeout=1",
    ],
  });
  /** Grows by what each step adds to it. */
  const hit: Record<string, number> = {};
  await counted(ranger, hit, "nothing was hit yet");

  await step(t, "message_bytes", async () => {
    for (let at = 1; at <= 3; at++) {
      await using client = await open(ranger, `10.0.0.${at}`);
      await client.send("x".repeat(100));
      await client.next();
      await client.send("x".repeat(101));
      assert.equal((await client.closing()).code, 1009);
    }
    hit.message_bytes = 3;
    await counted(ranger, hit, "three messages that are too long");
  });

  await step(t, "message_rate", async () => {
    for (let at = 1; at <= 2; at++) {
      await using client = await open(ranger, `10.0.1.${at}`);
      // The first that is too many closes; those behind it are not looked at.
      for (let times = 0; times < 45; times++) await client.send("ping").catch(() => {});
      assert.deepEqual(await client.closing(), { code: 1008, reason: "too many messages" });
    }
    hit.message_rate = 2;
    await counted(ranger, hit, "two clients that send too fast");
  });

  await step(t, "streams", async () => {
    const path = ranger.url("/public?stream=a.b,c.d,e.f,g.h");
    await using client = await connectClient(path, from("10.0.2.1"));
    await client.take(2);
    for (const streams of [["i.j"], ["k.l", "m.n"]]) {
      await client.send({ event: "subscribe", streams });
      await client.take(2);
    }
    // Held already: not one more.
    await client.ask({ event: "subscribe", streams: ["a.b"] });
    hit.streams = 3;
    await counted(ranger, hit, "three requests for too many streams, each counts once");
  });

  await step(t, "connections_per_address, and connections", async () => {
    await until(
      async () =>
        sum(await labelled(ranger, "ranger_connections_current", "auth")) === 0 || undefined,
      "those of the steps before to have gone",
    );
    await using stack = new AsyncDisposableStack();
    const take = async (address: string) => stack.use(await open(ranger, address));
    for (const address of ["10.0.3.1", "10.0.3.1", "10.0.3.2", "10.0.3.2"]) await take(address);
    for (let times = 0; times < 4; times++) await refused(ranger, "10.0.3.1", 429);
    hit.connections_per_address = 4;
    await counted(ranger, hit, "four times a third client of an address");

    for (const address of ["10.0.3.3", "10.0.3.3", "10.0.3.4", "10.0.3.4"]) await take(address);
    // Of an address that is full as well, and of one that is not.
    for (const address of ["10.0.3.1", "10.0.3.5"]) await refused(ranger, address, 503);
    hit.connections = 2;
    await counted(ranger, hit, "twice a ninth client");
  });

  await step(t, "handshake_timeout", async () => {
    const slow = await Promise.all(
      Array.from({ length: 5 }, () => RawClient.connect(ranger.port)),
    );
    for (const client of slow) await client.ended();
    for (const client of slow) client.close();
    hit.handshake_timeout = 5;
    await counted(ranger, hit, "five that say nothing");
  });
});

Deno.test("idle_timeout counts once for each client that gives no sign of life", async () => {
  await using ranger = await startRanger({
    args: [...NO_BROKER, "--limits-ping-interval=1", "--limits-idle-timeout=2"],
  });
  await using answers = await connectClient(ranger.url());
  await answers.next();
  const listening = assert.rejects(answers.next(), /the server (closed|ended)|no frame/);
  const silent = await Promise.all(Array.from({ length: 4 }, () => RawClient.open(ranger.url())));
  // One of them goes in time, and is nothing that the server did.
  silent.pop()!.close();
  for (const client of silent) await client.ended();
  for (const client of silent) client.close();
  await counted(ranger, { idle_timeout: 3 }, "three that were silent");
  await ranger.stop();
  await listening;
});

Deno.test("handshakes count once for each that came when too many were under way", async () => {
  await using ranger = await startRanger({
    // Few clients leave room for as many on their way as in any case, and nobody's time is over.
    args: [...NO_BROKER, "--limits-connections=8", "--limits-handshake-timeout=600"],
  });
  const under: RawClient[] = [];
  try {
    while (under.length < 1024) {
      under.push(
        ...await Promise.all(Array.from({ length: 128 }, () => RawClient.connect(ranger.port))),
      );
    }
    await until(
      async () =>
        (await labelled(ranger, "ranger_sockets_open", "listener")).public === 1024 || undefined,
      "all of them to be under way",
    );
    await counted(ranger, {}, "as many as may be under way");
    for (let times = 0; times < 3; times++) {
      using more = await RawClient.connect(ranger.port);
      await more.ended();
    }
    await counted(ranger, { handshakes: 3 }, "three above them");

    // One that becomes a client makes room for one, and so does one that leaves.
    const first = under[0]!;
    assert.equal((await first.handshake(ranger.url())).status, 101);
    await using next = await connectClient(ranger.url());
    await next.next();
    under.pop()!.close();
    await until(
      async () =>
        (await labelled(ranger, "ranger_sockets_open", "listener")).public === 1024 || undefined,
      "the one that left to be gone",
    );
    await using last = await connectClient(ranger.url());
    await last.next();
    await counted(ranger, { handshakes: 3 }, "no more than before");
  } finally {
    for (const client of under) client.close();
  }
});

/** Bytes of a frame without its payload of the given size, and of an event without its body. */
const HEADER = 4;

/** A frame of an exact number of bytes, as the body of an event of the stream. */
function bodyFor(stream: string, frame: number): string {
  const around = HEADER + `{"${stream}":""}`.length;
  return `"${"x".repeat(frame - around)}"`;
}

Deno.test("unsent_bytes closes who is owed more than that, not who is owed just that, and counts once", async () => {
  const limit = 4 * 2 ** 20;
  const frame = 60_000;
  await using exchange = await startExchange(broker, {
    args: [`--limits-unsent-bytes=${limit}`, "--limits-unsent-timeout=1"],
    auth: false,
  });
  const { ranger } = exchange;
  const gauge = async (name: string, label = "") =>
    Object.values(await labelled(ranger, name, label)).reduce((total, value) => total + value, 0);
  const waits = () => gauge("ranger_unsent_bytes");

  for (let times = 1; times <= 2; times++) {
    const stream = freshName("any");
    using sleeper = await RawClient.open(ranger.url(`/public?stream=${stream}`));
    const open = await gauge("ranger_connections_current", "auth");
    let sent = 0;
    // The kernel takes megabytes before anything waits, and may take more of what does: what is
    // left to the limit is checked again before each event.
    for (let left = limit; left > 0; left = limit - await waits()) {
      const fits = left > 2 * frame ? frame : left > frame ? left >> 1 : left;
      await exchange.publish(`public.${stream}`, bodyFor(stream, fits));
      await exchange.settled();
      assert.equal(
        (await limitsOf(ranger)).unsent_bytes ?? 0,
        times - 1,
        `${left} before the limit`,
      );
      assert.ok(++sent < 2000, "the kernel does not take everything");
    }
    assert.equal(await waits(), limit);
    assert.equal(await gauge("ranger_connections_current", "auth"), open);

    await exchange.publish(`public.${stream}`, "0");
    await exchange.settled();
    await counted(ranger, { unsent_bytes: times }, "one byte and its envelope too many");
    assert.equal(await gauge("ranger_connections_current", "auth"), open - 1);
    assert.equal(await waits(), 0);

    const frames = [];
    do frames.push(await sleeper.frame()); while (frames.at(-1)?.opcode === Opcode.text);
    const close = frames.pop()!;
    assert.deepEqual(closeOf(close), { code: 1008, reason: "slow consumer" });
    await sleeper.send(close);
    assert.equal(await sleeper.ended(), "end");
  }
});

Deno.test("ends of tokens count once for each connection that went on as anonymous", async () => {
  await using exchange = await startExchange(broker);
  const expiries = async () => (await labelled(exchange.ranger, "ranger_expiries_total", ""))[""];
  assert.equal(await expiries(), 0);
  const token = async (seconds: number) =>
    await exchange.key.token({ uid: "ID1", exp: Math.floor(Date.now() / 1000) + seconds });
  await using first = await exchange.connect("/private", { token: await token(2) });
  await using second = await exchange.connect("/private", { token: await token(2) });
  await using stays = await exchange.connect("/private", { token: await token(600) });
  for (const client of [first, second]) {
    assert.equal(await client.next(), '{"error":{"message":"Token expired."}}');
  }
  assert.equal(await expiries(), 2);
  assert.equal(await stays.ask("ping"), "pong");
});

Deno.test("failures of the broker count once for each attempt and each loss, by their cause", async () => {
  await using gate = new Gate(broker.url);
  await gate.open({ turnAway: true });
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", gate.url, "--exchange", publisher.exchange],
  });
  const failures = async () =>
    counts(await labelled(ranger, "ranger_broker_failures_total", "cause"));
  await until(() => gate.taken >= 3 || undefined, "three attempts");
  await gate.open();
  await ranger.consuming();
  // The last attempt is the one that was let through.
  const before = gate.taken - 1;
  assert.deepEqual(await failures(), { closed: before });

  await gate.cut();
  await ranger.consuming(2);
  const after = await failures();
  assert.equal(sum(after), before + 1, JSON.stringify(after));
  const reconnects = await labelled(ranger, "ranger_broker_reconnects_total", "");
  assert.equal(reconnects[""], 1);
});

Deno.test("states that are dropped count once each, by whether somebody would have followed", async () => {
  await using exchange = await startExchange(broker, {
    args: ["--streams-states=3"],
    auth: false,
  });
  const dropped = () => labelled(exchange.ranger, "ranger_states_dropped_total", "what");
  const word = freshWord();
  const snapshot = (n: number) =>
    exchange.publish(`public.${word}${n}.ob-snap`, { asks: [], bids: [], sequence: 1 });
  for (let n = 0; n < 3; n++) await snapshot(n);
  await exchange.settled();
  assert.deepEqual(await dropped(), { evicted: 0, turned_away: 0 });
  // Nobody follows them: each pushes out the oldest.
  for (let n = 3; n < 8; n++) await snapshot(n);
  await exchange.settled();
  assert.deepEqual(await dropped(), { evicted: 5, turned_away: 0 });
  // All that are kept are followed now.
  const kept = [5, 6, 7].map((n) => `${word}${n}.ob-inc`);
  await using follower = await connectClient(
    exchange.ranger.url(`/public?stream=${kept.join(",")}`),
  );
  await follower.take(4);
  for (let n = 8; n < 10; n++) await snapshot(n);
  await exchange.settled();
  assert.deepEqual(await dropped(), { evicted: 5, turned_away: 2 });
  await bounded(follower.close(), "the follower to leave");
});

Deno.test("counters with labels begin at 0, so that a first count is an increase", async () => {
  await using exchange = await startExchange(broker, { args: ["--streams-mode=strict"] });
  const names = [
    "ranger_auth_total",
    "ranger_broker_failures_total",
    "ranger_closes_total",
    "ranger_events_refused_total",
    "ranger_events_total",
    "ranger_limits_hit_total",
  ];
  const before = [...(await scrape(exchange.ranger)).series.keys()];
  for (const name of names) {
    assert.ok(before.some((series) => series.startsWith(`${name}{`)), name);
  }
  // One of each of them, by way of what usually happens.
  await using expired = await exchange.connect("/public");
  await expired.ask({ jwt: "Bearer no-token" });
  await exchange.publish("public.a.trades", { trades: "none" });
  await exchange.publish("public.a.b", {});
  await expired.send("x".repeat(5000));
  assert.equal((await expired.closing()).code, 1009);
  await exchange.settled();
  const { series } = await scrape(exchange.ranger);
  const counted = [...series].filter(([name, value]) => /_total\{/.test(name) && value > 0);
  for (
    const name of ["ranger_auth", "ranger_closes", "ranger_events_refused", "ranger_limits_hit"]
  ) {
    assert.ok(counted.some(([series]) => series.startsWith(`${name}_total{`)), name);
  }
  for (const [name] of counted) assert.ok(before.includes(name), `${name} was not there before`);
});
