import assert from "node:assert/strict";
import { amqp, connectPublisher, type Publisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { type Client, connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { Gate } from "../../testing/gate.ts";
import { scrape } from "../support/metrics.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { type LogLine, type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { runRanger } from "../support/run_ranger.ts";

const broker = await fileBroker();

/** A Ranger and a client of it, which get the events of a separate exchange. */
interface Scene extends AsyncDisposable {
  readonly ranger: RangerProcess;
  readonly client: Client;
  readonly publisher: Publisher;
  /** Asserts that an event published now reaches the client. */
  flows(): Promise<void>;
}

async function setScene(url: string, ...args: string[]): Promise<Scene> {
  await using started = new AsyncDisposableStack();
  const publisher = started.use(await connectPublisher(broker.url, randomExchange()));
  const source = ["--amqp-url", url, "--exchange", publisher.exchange];
  const ranger = started.use(await startRanger({ args: ["--no-auth", ...source, ...args] }));
  const client = started.use(await connectClient(ranger.url("/public?stream=usdbtc.trades")));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));
  const stack = started.move();
  let n = 0;
  return {
    ranger,
    client,
    publisher,
    async flows() {
      await publisher.publish("public.usdbtc.trades", { n: ++n });
      assert.equal(await client.next(), `{"usdbtc.trades":{"n":${n}}}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const lost = (reason: RegExp) => (line: LogLine) =>
  line.message.startsWith("lost the broker") && reason.test(String(line.reason));

const refused = (reason: RegExp) => (line: LogLine) =>
  line.message.startsWith("cannot consume") && line.level === "error" &&
  reason.test(String(line.reason));

/** The name of a queue of Ranger's own. */
const QUEUE = /ranger\.\S+\.[0-9a-f]{8}/;

/** The part of `/stats` about the broker. */
async function source(ranger: RangerProcess): Promise<Record<string, unknown>> {
  return (await (await fetch(ranger.managementUrl("/stats"))).json()).source;
}

/** One command of rabbitmqctl after the other. */
async function ctl(commands: readonly string[]): Promise<void> {
  for (const command of commands) await broker.ctl(...command.split(" "));
}

/** What RabbitMQ refuses, what the log says, and what the operator does about it. */
const REFUSALS: readonly {
  readonly name: string;
  readonly vhost: string;
  /** Commands for rabbitmqctl. */
  readonly before: readonly string[];
  readonly reason: RegExp;
  readonly advice: RegExp;
  readonly mended: readonly string[];
}[] = [
  {
    name: "password",
    vhost: "/",
    before: ["add_user password other", "set_permissions password .* .* .*"],
    reason: /^the broker refused user or password \(amqp\.user, amqp\.password\)$/,
    advice: /change_password/,
    mended: ["change_password password secret"],
  },
  {
    name: "missing",
    vhost: "missing",
    before: ["add_user missing secret"],
    reason: /^the virtual host cannot be used: .*vhost missing not found/,
    advice: /amqp\.vhost/,
    mended: ["add_vhost missing", "set_permissions -p missing missing .* .* .*"],
  },
  {
    name: "stranger",
    vhost: "/",
    before: ["add_user stranger secret"],
    reason: /^the virtual host cannot be used: .*access to vhost '\/' refused for user 'stranger'/,
    advice: /list_permissions/,
    mended: ["set_permissions stranger .* .* .*"],
  },
  {
    name: "writer",
    vhost: "/",
    before: ["add_user writer secret", "set_permissions writer ^$ .* .*"],
    reason: /^the user lacks the configure permission: .*queue '.*refused for user 'writer'/,
    advice:
      /^these permissions are enough: rabbitmqctl set_permissions -p '\/' 'writer' '\^ranger\\\.'/,
    mended: ["set_permissions writer .* .* .*"],
  },
];

Deno.test("whatever the broker refuses: the log says what to do, and once it is done events come", async () => {
  await using scenes = new AsyncDisposableStack();
  await Promise.all(REFUSALS.map(({ before }) => ctl(before)));
  const running = await Promise.all(REFUSALS.map(async (refusal) => {
    const { name, vhost } = refusal;
    const args = ["--amqp-user", name, "--amqp-password", "secret", "--amqp-vhost", vhost];
    return { ...refusal, ...scenes.use(await setScene(broker.url, ...args)) };
  }));
  for (const { name, ranger, client, reason, advice } of running) {
    const line = await ranger.log(refused(reason), `why ${name} is refused`);
    assert.match(String(line.advice), advice);
    assert.match(line.message, /, retrying: /);
    const ready = await fetch(ranger.managementUrl("/readyz"));
    const [why] = (await ready.json()).reasons;
    assert.equal(ready.status, 503);
    // It may be of another attempt than the line, by another queue.
    const [told, logged] = [why, String(line.reason)].map((text) => text.replace(QUEUE, "ranger…"));
    assert.ok(told.endsWith(logged), why);
    assert.equal(await client.ask("ping"), "pong");
  }
  await Promise.all(running.map(async ({ name, ranger, mended }) => {
    await ctl(mended);
    await ranger.consuming();
    assert.equal((await source(ranger)).reconnects, 0, name);
  }));
});

Deno.test("a password changed on the broker keeps nobody out for longer than it is wrong", async () => {
  await broker.ctl("add_user", "later", "secret");
  await broker.ctl("set_permissions", "later", ".*", ".*", ".*");
  const login = ["--amqp-user=later", "--amqp-password=secret"];
  await using scene = await setScene(broker.url, ...login);
  const { ranger, client } = scene;
  await ranger.consuming();
  await scene.flows();
  await broker.ctl("change_password", "later", "other");
  const [pid] = (await broker.ctl("list_connections", "pid", "user")).split("\n")
    .filter((line) => line.endsWith("later"));
  await broker.ctl("close_connection", pid!.split("\t")[0]!, "the password was changed");
  await ranger.log(lost(/CONNECTION_FORCED.*the password was changed/), "the loss");
  await ranger.log(refused(/refused user or password/), "why it does not come back");
  assert.equal(await client.ask("ping"), "pong");
  await broker.ctl("change_password", "later", "secret");
  await ranger.consuming(2);
  await scene.flows();
  const { failures, lastError, everConnected } = await source(ranger) as {
    failures: Record<string, number>;
    [more: string]: unknown;
  };
  assert.ok(failures.login! >= 1);
  assert.match(String(lastError), /refused user or password/);
  assert.equal(everConnected, true);
  assert.ok(!ranger.stderr.includes("secret"));
});

Deno.test("a network that drops everything without closing is noticed, and another way is found", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using scene = await setScene(gate.url, "--amqp-heartbeat=1");
  const { ranger, client } = scene;
  await ranger.consuming();
  await scene.flows();
  gate.jam();
  await ranger.log(lost(/no heartbeat from the broker for 2 seconds/), "the silence");
  // The silence before it was noticed is part of the interruption.
  const { value } = await scrape(ranger);
  assert.ok(value("ranger_source_interrupted_seconds_total") >= 2);
  assert.equal(await client.ask("ping"), "pong");
  await ranger.consuming(2);
  await scene.flows();
});

Deno.test("a lost broker is tried again at once and often, so that a short outage stays short", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using scene = await setScene(gate.url);
  const { ranger } = scene;
  await ranger.consuming();
  // A connection of less than a second counts as a failed attempt.
  await until(async () => {
    const { since } = await source(ranger);
    return Date.now() - Date.parse(String(since)) > 1_500 || undefined;
  }, "the connection to last");
  await gate.open({ turnAway: true });
  const before = gate.taken;
  await gate.cut();
  // Delays of up to 0, 0.1, 0.2, 0.4, 0.8, 1, 1 and 1 seconds.
  await until(() => gate.taken >= before + 8 || undefined, "eight more attempts", 10_000);
  const during = await scrape(ranger);
  await gate.open();
  await ranger.consuming(2);
  await scene.flows();
  // One interruption, however many attempts; its seconds count while it lasts and stay then.
  assert.equal(during.value("ranger_source_interruptions_total"), 1);
  assert.ok(during.value("ranger_source_interrupted_seconds_total") > 0.5);
  const after = await scrape(ranger);
  assert.equal(after.value("ranger_source_interruptions_total"), 1);
  const seconds = after.value("ranger_source_interrupted_seconds_total");
  assert.ok(seconds > during.value("ranger_source_interrupted_seconds_total"), `${seconds} s`);
  assert.equal((await scrape(ranger)).value("ranger_source_interrupted_seconds_total"), seconds);
});

Deno.test("a channel that the broker ends is opened again", async () => {
  await using scene = await setScene(broker.url);
  const { ranger } = scene;
  const { queue } = await ranger.consuming();
  // The process of Ranger's channel, by whose consumer it is.
  const channels = (await broker.ctl("list_consumers", "queue_name", "channel_pid")).split("\n");
  const [, pid] = channels.find((line) => line.startsWith(String(queue)))!.split("\t");
  await broker.ctl("eval", `exit(rabbit_misc:string_to_pid("${pid}"), kill).`);
  await ranger.log(lost(/INTERNAL_ERROR/), "the loss");
  await ranger.consuming(2);
  await scene.flows();
});

Deno.test("an exchange deleted by hand is noticed and declared again", async () => {
  await using scene = await setScene(broker.url, "--amqp-heartbeat=1");
  const { ranger, publisher } = scene;
  await ranger.consuming();
  await scene.flows();
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  try {
    await channel.exchangeDelete(publisher.exchange);
    await ranger.log(lost(/^the exchange was deleted: .*NOT_FOUND/), "the loss");
    await ranger.consuming(2);
    await scene.flows();
    // Deleted and declared again between two looks: the connection stays, the binding is back.
    await channel.exchangeDelete(publisher.exchange);
    await channel.exchangeDeclare(publisher.exchange, "topic", { durable: false });
    let came = false;
    const first = scene.client.next().then(() => came = true);
    await until(async () => {
      if (came) return true;
      await publisher.publish("public.usdbtc.trades", { again: true });
      return undefined;
    }, "events to come again");
    await first;
  } finally {
    await client.close();
    await gone;
  }
});

const unfit = (line: LogLine) =>
  refused(/^exchange \S+ is of type direct: it delivers nothing to a queue/)(line) &&
  /declare it as topic.*amqp\.exchange/.test(String(line.advice));

/** What `/readyz` and the metrics say of an exchange that hands on nothing. */
async function assertUnfitTold(ranger: RangerProcess): Promise<void> {
  const ready = await fetch(ranger.managementUrl("/readyz"));
  assert.equal(ready.status, 503);
  assert.match((await ready.json()).reasons[0], /^no events come in: .* is of type direct: /);
  const metrics = await (await fetch(ranger.managementUrl("/metrics"))).text();
  assert.match(metrics, /^ranger_broker_connected 0$/m);
  assert.match(metrics, /^ranger_broker_failures_total\{cause="type"\} [1-9]/m);
}

Deno.test("an exchange that became one of another type is noticed, whether connected or not, and told until it is mended", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  const often = ["--amqp-heartbeat=1", "--management-broker-grace=0"];
  await using scene = await setScene(gate.url, ...often);
  const { ranger, publisher: { exchange } } = scene;
  const { client, channel } = await amqp(broker.url);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  const declare = async (type: string, durable = false) => {
    await channel.exchangeDelete(exchange);
    await channel.exchangeDeclare(exchange, type, { durable });
  };
  try {
    await ranger.consuming();
    await scene.flows();
    // Between two looks: the binding is taken, and nothing would come by it.
    await declare("direct");
    await ranger.log(lost(/is of type direct/), "that it is noticed");
    await ranger.log(unfit, "what to do about it");
    await assertUnfitTold(ranger);
    assert.equal(await scene.client.ask("ping"), "pong");
    await declare("topic", true);
    await ranger.consuming(2);
    await scene.flows();

    // While there is no connection: the next one is no better for being made.
    await gate.shut();
    await declare("direct");
    await gate.open();
    await until(() => ranger.logged(unfit) === 2 || undefined, "it to be logged again", 20_000);
    await assertUnfitTold(ranger);
    assert.equal(ranger.logged((line) => line.message.startsWith("consuming")), 2);
    await declare("topic");
    await ranger.consuming(3);
    await scene.flows();
  } finally {
    await client.close();
    await gone;
  }
});

Deno.test("a broker that is short of memory holds events back, loses none, and keeps its consumers", async () => {
  await using scene = await setScene(broker.url);
  const { ranger, client, publisher } = scene;
  await ranger.consuming();
  await scene.flows();
  await broker.ctl("set_vm_memory_high_watermark", "absolute", "1");
  let published = false;
  const held = publisher.publish("public.usdbtc.trades", { held: true }).then(() => {
    published = true;
  });
  const args = ["public.usdbtc.trades", "{}", "--amqp-url", broker.url];
  try {
    const byHand = await runRanger(["publish", ...args, "--exchange", publisher.exchange]);
    assert.equal(byHand.code, 69);
    assert.match(byHand.output, /blocks publishers: low on memory/);
    assert.equal(await client.ask("ping"), "pong");
    assert.equal(published, false);
  } finally {
    await broker.ctl("set_vm_memory_high_watermark", "0.6");
  }
  await held;
  assert.equal(await client.next(), '{"usdbtc.trades":{"held":true}}');
  assert.equal((await source(ranger)).reconnects, 0);
});

/** A method frame on channel 0 (AMQP 0-9-1 §4.2.3); its arguments, where it has some, as they are. */
function connectionMethod(method: number, ...args: number[]): Uint8Array {
  const payload = [0, 10, 0, method, ...args];
  return new Uint8Array([1, 0, 0, 0, 0, 0, payload.length, ...payload, 0xce]);
}

Deno.test("a broker that tells its consumers that it is short of memory is believed", async () => {
  await using gate = new Gate(broker.url);
  await gate.open();
  await using scene = await setScene(gate.url, "--amqp-heartbeat=0");
  const { ranger } = scene;
  await ranger.consuming();
  const reason = new TextEncoder().encode("low on memory");
  // connection.blocked and connection.unblocked, RabbitMQ's extensions.
  gate.inject(connectionMethod(60, reason.length, ...reason));
  const line = await ranger.log((line) => /blocks publishers/.test(line.message));
  assert.deepEqual([line.level, line.reason], ["error", "low on memory"]);
  assert.equal((await source(ranger)).blocked, "low on memory");
  gate.inject(connectionMethod(61));
  await ranger.log((line) => /accepts events from publishers again/.test(line.message));
  assert.equal((await source(ranger)).blocked, undefined);
  await scene.flows();
});
