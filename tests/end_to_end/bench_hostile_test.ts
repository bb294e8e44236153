/** The benchmark of hostile clients: its crowd and its bystanders, with a real server and broker. */
import assert from "node:assert/strict";
import { ATTACKS } from "../../bench/hostile/attacks.ts";
import { startBystander } from "../../bench/hostile/bystander.ts";
import { Crowd } from "../../bench/hostile/crowd.ts";
import { connectPublisher, randomExchange } from "../../testing/amqp.ts";
import { until } from "../../testing/bounded.ts";
import { freePort } from "../../testing/ports.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";

const { url } = await sharedBroker();
const CONNECTIONS = 30;
const pings = ATTACKS.find(({ name }) => name.startsWith("text ping"))!;

Deno.test("bystanders report what they noticed, and the attackers what they sent", async () => {
  const exchange = randomExchange();
  await using _publisher = await connectPublisher(url, exchange);
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", url, "--exchange", exchange],
  });
  await ranger.consuming();
  await using bystander = await startBystander({
    ...{ port: ranger.port, seconds: 1, amqp: { url, exchange } },
  });
  using crowd = await Crowd.open(ranger.port, CONNECTIONS);
  const [seen, did] = await Promise.all([bystander.run(), crowd.attack(pings, 1)]);

  assert.deepEqual(
    { gaps: seen.gaps, bookIsRight: seen.bookIsRight, cut: seen.cut, left: seen.unanswered },
    { gaps: 0, bookIsRight: true, cut: 0, left: 0 },
  );
  assert.ok(seen.followed >= 200, `${seen.followed} events`);
  // Of two seconds the first one warms up.
  for (const { samples, p50 } of [seen.events, seen.sparsePings]) {
    assert.ok(samples > 0 && samples < 200, `${samples} samples`);
    assert.ok(p50 > 0);
  }
  assert.ok(seen.steadyPings !== undefined);

  assert.equal(did.closed, 0);
  assert.ok(did.sent > 0 && did.sent <= did.allowed, `${did.sent}`);
  assert.ok(did.bytesIn > 0 && did.writes <= did.sent);
});

Deno.test("attackers that the server closes are counted", async () => {
  await using ranger = await startRanger({
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1/", "--limits-message-rate=1"],
  });
  using crowd = await Crowd.open(ranger.port, CONNECTIONS);
  const flood = { ...pings, rate: 1000 };
  await until(
    async () => (await crowd.attack(flood, 0.2)).closed === CONNECTIONS || undefined,
    "all attackers to be closed",
  );
});

Deno.test("a crowd that does not get in says which limits to look at", async () => {
  await assert.rejects(
    Crowd.open(freePort(), 2),
    /^Error: connection 1 of 2: .*; open files \(ulimit -n\) and net\.core\.somaxconn/,
  );
});
