import assert from "node:assert/strict";
import { amqp, connectPublisher } from "../../testing/amqp.ts";
import { fileBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { connectClient } from "../support/client.ts";
import { subscribed } from "../support/exchange.ts";
import { NOT_INSTALLED, type Outcome, runRanger } from "../support/run_ranger.ts";

/** The exchange of Peatio, and what Ranger needs to consume from it: configure, write, read. */
const EXCHANGE = "peatio.events.ranger";
const ENOUGH = ["^ranger\\.", "^ranger\\.", "^(ranger\\.|peatio\\.events\\.ranger$)"];

const broker = await fileBroker();
await broker.ctl("add_user", "ranger", "secret");
const url = broker.url.replace("guest:guest", "ranger:secret");

function permit(...patterns: readonly string[]): Promise<string> {
  return broker.ctl("set_permissions", "ranger", ...patterns);
}

function check(exchange = EXCHANGE): Promise<Outcome> {
  const listeners = ["--host=127.0.0.1", "--port=0", "--management-port=0"];
  return runRanger([
    ...["check", "--no-auth", "--config=/dev/null", ...NOT_INSTALLED, ...listeners],
    ...["--amqp-url", url, "--exchange", exchange],
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

Deno.test("the least permissions are enough to consume, also after the connection was lost", async () => {
  await permit(...ENOUGH);
  await using publisher = await connectPublisher(broker.url, EXCHANGE);
  await using ranger = await startRanger({ args: ["--no-auth", "--amqp-url", url] });
  await ranger.consuming();
  await using client = await connectClient(ranger.url("/public?stream=usdbtc.trades"));
  assert.equal(await client.next(), subscribed("usdbtc.trades"));
  await publisher.publish("public.usdbtc.trades", { n: 1 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":1}}');

  await broker.ctl("close_all_user_connections", "ranger", "by hand");
  await ranger.consuming(2);
  await publisher.publish("public.usdbtc.trades", { n: 2 });
  assert.equal(await client.next(), '{"usdbtc.trades":{"n":2}}');
  assert.match((await check()).stdout, /^ok +broker: .*bound, consumed and deleted$/m);
});

Deno.test("check names the permission that is missing, and a command that grants what is enough", async () => {
  await using _publisher = await connectPublisher(broker.url, EXCHANGE);
  const [configure, write, read] = ENOUGH;
  const lacking: readonly [patterns: (string | undefined)[], said: RegExp][] = [
    [["^$", write, read], /lacks the configure permission: .*queue 'ranger\./],
    [[configure, "^$", read], /lacks the write permission: .*queue 'ranger\./],
    [[configure, write, "^peatio\\."], /lacks the read permission: .*queue 'ranger\./],
    [
      [configure, write, "^ranger\\."],
      /lacks the read permission: .*exchange 'peatio\.events\.ranger'/,
    ],
  ];
  for (const [patterns, said] of lacking) {
    await permit(...patterns.map((pattern) => pattern!));
    const outcome = await check();
    const [line = ""] = /^FAILS +broker: .*$/m.exec(outcome.stdout) ?? [];
    assert.match(line, said);
    assert.ok(line.includes("; these permissions are enough: rabbitmqctl set_permissions"), line);
    assert.equal(outcome.code, 69);
    await follow(outcome);
    const granted = await broker.ctl("list_user_permissions", "ranger");
    assert.deepEqual(granted.split("\t"), ["/", ...ENOUGH]);
    assert.equal((await check()).code, 0);
  }
});

Deno.test("where the exchange is missing, check says whether Ranger may create it, and does not", async () => {
  const exchange = "events.of.nobody";
  await permit(...ENOUGH);
  const refused = await check(exchange);
  const [line = ""] = /^FAILS +broker: .*$/m.exec(refused.stdout) ?? [];
  assert.match(line, /the exchange does not exist, and to create it the user lacks the configure/);
  assert.match(line, /; start what publishes to events\.of\.nobody and creates it, or let Ranger/);
  assert.equal(refused.code, 69);
  await follow(refused);
  const allowed = await check(exchange);
  assert.match(
    allowed.stdout,
    /^ok +broker: .* does not exist: it will be created .*; a queue was declared, consumed and deleted$/m,
  );
  assert.ok(!(await broker.ctl("list_exchanges", "name")).includes(exchange));
  assert.equal(await broker.ctl("list_queues", "name"), "");

  // Someone creates it.
  const { client, channel } = await amqp(broker.url);
  await channel.exchangeDeclare(exchange, "topic", { durable: false });
  await permit(...ENOUGH);
  const foreign = await check(exchange);
  assert.match(foreign.stdout, /lacks the read permission: .*exchange 'events\.of\.nobody'/);
  const gone = new Promise((resolve) => client.socket?.once("close", resolve));
  await channel.exchangeDelete(exchange);
  await client.close();
  await gone;
});
