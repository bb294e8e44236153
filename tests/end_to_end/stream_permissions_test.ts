import assert from "node:assert/strict";
import { amqp, connectPublisher } from "../../testing/amqp.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { NOT_INSTALLED, type Outcome, runRanger } from "../support/run_ranger.ts";

/** What Ranger needs to read a stream: configure, write, read. */
const EXCHANGE = "peatio.events.ranger";
const OWN = "^ranger(\\.(marks|bound))?$";
const READ = "^(ranger(\\.(marks|bound))?$|peatio\\.events\\.ranger$)";
const ENOUGH = [OWN, OWN, READ];

const broker = await fileBroker();
await broker.ctl("add_user", "reader", "secret");
const url = broker.url.replace("guest:guest", "reader:secret");

function permit(patterns: readonly string[]): Promise<string> {
  return broker.ctl("set_permissions", "reader", ...patterns);
}

function check(): Promise<Outcome> {
  const listeners = ["--host=127.0.0.1", "--port=0", "--management-port=0"];
  return runRanger([
    ...["check", "--no-auth", "--config=/dev/null", ...NOT_INSTALLED, ...listeners],
    ...["--amqp-url", url, "--exchange", EXCHANGE, "--amqp-stream=ranger"],
  ]);
}

/** Runs the command that the message advises, as an operator would paste it. */
async function follow({ stdout }: Outcome): Promise<void> {
  const [, command] = /rabbitmqctl (set_permissions .*)$/m.exec(stdout) ?? [];
  assert.ok(command, stdout);
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) =>
    quoted ?? plain!
  );
  await broker.ctl(...words);
}

Deno.test("check tries the stream, and leaves nothing behind where there was none", async () => {
  await permit(ENOUGH);
  await using _publisher = await connectPublisher(broker.url, EXCHANGE);
  const first = await check();
  assert.match(
    first.stdout,
    /^ok +broker: .*exchange \S+ exists; stream ranger does not exist: it will be created; it was bound, written and read$/m,
  );
  assert.equal(await broker.ctl("list_queues", "name"), "");
  assert.ok(!(await broker.ctl("list_exchanges", "name")).includes("ranger.marks"));
});

Deno.test("check names the permission that the stream needs, and a command that grants what is enough", async () => {
  await using _publisher = await connectPublisher(broker.url, EXCHANGE);
  const lacking: readonly [patterns: readonly string[], said: RegExp][] = [
    [["^$", OWN, READ], /lacks the configure permission: .*queue 'ranger'/],
    [["^ranger$", OWN, READ], /lacks the configure permission: .*exchange 'ranger\.marks'/],
    [[OWN, "^$", READ], /lacks the write permission: .*queue 'ranger'/],
    [[OWN, "^ranger$", READ], /lacks the write permission: .*exchange 'ranger\.marks'/],
    [[OWN, OWN, OWN], /lacks the read permission: .*exchange 'peatio\.events\.ranger'/],
    [
      [OWN, OWN, "^(ranger\\.marks|peatio\\.events\\.ranger)$"],
      /lacks the read permission: .*queue 'ranger'/,
    ],
  ];
  for (const [patterns, said] of lacking) {
    await permit(patterns);
    const outcome = await check();
    const [line = ""] = /^FAILS +broker: .*$/m.exec(outcome.stdout) ?? [];
    assert.match(line, said);
    assert.ok(line.includes("; these permissions are enough: rabbitmqctl set_permissions"), line);
    assert.equal(outcome.code, 69);
    await follow(outcome);
    const granted = await broker.ctl("list_user_permissions", "reader");
    assert.deepEqual(granted.split("\t"), ["/", ...ENOUGH]);
    assert.equal((await check()).code, 0);
  }
});

Deno.test("the least permissions are enough to read the stream, also after connections and broker were lost", async () => {
  await permit(ENOUGH);
  const before = await connectPublisher(broker.url, EXCHANGE);
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", url, "--amqp-stream=ranger"],
  });
  await ranger.consuming();
  await using client = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));
  await before.publish("public.usdbtc.trades", { n: 1 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":1}}');
  await broker.ctl("close_all_user_connections", "reader", "by hand");
  await before.publish("public.usdbtc.trades", { n: 2 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":2}}');
  await ranger.consuming(2);

  await before.close();
  await broker.restart();
  // This user may not create the exchange: it is bound once its publisher is back.
  await using after = await connectPublisher(broker.url, EXCHANGE);
  await ranger.consuming(3);
  await after.publish("public.usdbtc.trades", { n: 3 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":3}}');
  assert.match((await check()).stdout, /stream ranger exists; it was bound, written and read$/m);
});

Deno.test("where a queue has the stream's name, check says so", async () => {
  const { client, channel } = await amqp(broker.url);
  await channel.queueDelete("ranger");
  await channel.queueDeclare("ranger", { durable: true });
  const { stdout, code } = await check();
  assert.match(stdout, /^FAILS +broker: queue ranger is not a stream/m);
  assert.equal(code, 69);
  await channel.queueDelete("ranger");
  await client.close();
});
