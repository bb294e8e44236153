import assert from "node:assert/strict";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { connectClient } from "../support/client.ts";
import { step, subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { MarketFeed } from "../support/market_feed.ts";
import { MarketWatch } from "../support/market_watch.ts";
import { until } from "../../testing/bounded.ts";
import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { type LogLine, type RangerProcess, startRanger } from "../../testing/ranger.ts";

/** Starts a Ranger on an exchange of that broker, without waiting for it to consume. */
function start(url: string, exchange: string, ...args: string[]): Promise<RangerProcess> {
  return startRanger({ args: ["--no-auth", "--amqp-url", url, "--exchange", exchange, ...args] });
}

async function reconnects(ranger: RangerProcess): Promise<number> {
  const response = await fetch(ranger.managementUrl("/stats"));
  return (await response.json()).source.reconnects;
}

const complaint = (reason: RegExp) => (line: LogLine) =>
  line.level === "warning" && reason.test(String(line.reason));

// One test, because a broker that comes back within it is a process begun within it.
Deno.test("the broker comes and goes, clients stay", async (t) => {
  const broker = await startBroker();
  try {
    await step(
      t,
      "clients are served before there is a broker, and then get its events",
      () => startsWithoutBroker(broker),
    );
    await step(
      t,
      "a wrong password is reported as such, and never shown",
      () => wrongPassword(broker),
    );
    await step(
      t,
      "a busy, a quiet and a heartless connection all last; a broker that hangs is noticed",
      () => heartbeats(broker),
    );
    await step(
      t,
      "whatever ends the connection, nothing comes twice and books heal",
      () => interruptions(broker),
    );
  } finally {
    await broker.stop();
  }
});

async function startsWithoutBroker(broker: Broker): Promise<void> {
  await using gate = new Gate(broker.url);
  await using publisher = await connectPublisher(broker.url, randomExchange());
  await using ranger = await start(gate.url, publisher.exchange);
  await using client = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));
  const refused = complaint(/nothing listens/);
  await ranger.log(refused, "that nothing listens");
  assert.equal(await client.ask("ping"), "pong");

  await gate.open({ turnAway: true });
  await until(() => gate.taken >= 2 || undefined, "two more attempts");
  const turnedAway = complaint(/ended|closed/i);
  await ranger.log(turnedAway, "that the connection ended");

  await gate.open();
  await ranger.consuming();
  assert.equal(ranger.logged((line) => line.level === "warning"), 2, ranger.stderr);
  assert.equal(ranger.logged(refused), 1);
  assert.equal(ranger.logged(turnedAway), 1);
  await publisher.publish("public.usdbtc.trades", { n: 1 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":1}}');
}

async function wrongPassword(broker: Broker): Promise<void> {
  const password = "not the right one";
  await using ranger = await start(
    broker.url.replace("guest:guest", "guest:right-but-overridden"),
    randomExchange(),
    "--log-level=debug",
    `--amqp-password=${password}`,
  );
  const { level, reason } = await ranger.log(
    (line) => /refused/.test(String(line.reason)),
    "that the broker refused",
  );
  // It does not pass by itself.
  assert.equal(level, "error");
  assert.match(String(reason), /amqp\.user, amqp\.password/);
  const told = await Promise.all(
    ["/readyz", "/stats"].map(async (path) => {
      return await (await fetch(ranger.managementUrl(path))).text();
    }),
  );
  await ranger.stop();
  for (const output of [ranger.stderr, ranger.stdout, ...told]) {
    for (const secret of [password, encodeURIComponent(password), "right-but-overridden"]) {
      assert.ok(!output.includes(secret), output);
    }
  }
}

/** Longer than a broker takes to give up a connection with a heartbeat of one second. */
const SEVERAL_INTERVALS = 4_500;

async function heartbeats(broker: Broker): Promise<void> {
  await using publisher = await connectPublisher(broker.url, randomExchange());
  const heartbeat = "--amqp-heartbeat=1";
  await using busy = await start(broker.url, publisher.exchange, heartbeat);
  await using quiet = await start(broker.url, randomExchange(), heartbeat);
  await Promise.all([busy.consuming(), quiet.consuming()]);
  // A broker may be set up to send no heartbeats; its silence says nothing then.
  await broker.ctl("eval", "application:set_env(rabbit, heartbeat, 0).");
  await using heartless = await start(broker.url, randomExchange(), heartbeat);
  await heartless.consuming();
  await broker.ctl("eval", "application:set_env(rabbit, heartbeat, 60).");

  await using client = await connectClient(busy.url("/public?stream=usdbtc.trades"));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));
  const begin = performance.now();
  let n = 0;
  // The broker sends heartbeats in idle moments, and this leaves it none.
  while (performance.now() - begin < SEVERAL_INTERVALS) {
    await publisher.publish("public.usdbtc.trades", { n: ++n });
    assert.equal(await client.next(), `{"usdbtc.trades":{"n":${n}}}`);
  }
  for (const ranger of [busy, quiet, heartless]) {
    assert.equal(await reconnects(ranger), 0, ranger.stderr);
    assert.equal(ranger.logged((line) => line.level === "warning"), 0, ranger.stderr);
  }

  broker.pause();
  try {
    for (const ranger of [busy, quiet]) {
      await ranger.log(complaint(/no heartbeat/), "that the broker is silent");
    }
    assert.equal(await client.ask("ping"), "pong");
  } finally {
    broker.resume();
  }
  await Promise.all([busy.consuming(2), quiet.consuming(2)]);
  await publisher.publish("public.usdbtc.trades", { n: ++n });
  assert.equal(await client.next(), `{"usdbtc.trades":{"n":${n}}}`);
}

async function interruptions(broker: Broker): Promise<void> {
  const exchange = randomExchange();
  await using ranger = await start(broker.url, exchange);
  // Sequences would show what was lost by themselves; without them the reconnect must be enough.
  const markets = [{ id: "usdbtc", sequenced: true }, { id: "usdeth", sequenced: false }];
  const watches = await Promise.all(
    Array.from({ length: 20 }, (_, at) => MarketWatch.start(ranger.url(), markets[at % 2]!.id)),
  );
  const feed = new MarketFeed(broker.url, exchange, markets);
  const healed = (snapshots: number) =>
    Promise.all(watches.map((watch) => watch.healed(snapshots)));
  const ways: Record<string, (queue: string) => Promise<unknown>> = {
    "the broker is killed and started again": async () => {
      await broker.kill();
      await broker.restart();
    },
    "the broker is stopped in order and started again": async () => {
      await broker.ctl("stop_app");
      await broker.ctl("start_app");
    },
    "an operator closes all connections": () => broker.ctl("close_all_connections", "by hand"),
    "an operator deletes the queue": (queue) => broker.ctl("delete_queue", queue),
  };
  try {
    await ranger.consuming();
    await healed(1);
    let times = 1;
    for (const [way, interrupt] of Object.entries(ways)) {
      const { queue } = await ranger.consuming(times++);
      try {
        await interrupt(String(queue));
        await ranger.consuming(times);
        await healed(times);
        assert.equal(await reconnects(ranger), times - 1);
      } catch (cause) {
        throw new Error(`not when ${way}`, { cause });
      }
    }
  } finally {
    await feed[Symbol.asyncDispose]();
    await ranger.stop();
  }
  for (const watch of watches) {
    assert.match(await watch.ended, /^the server closed: 1001/);
    assert.deepEqual(watch.faults, []);
    assert.equal(watch.snapshots, 1 + Object.keys(ways).length);
  }
  assert.equal(ranger.logged((line) => line.message.startsWith("lost the broker")), 4);
}
