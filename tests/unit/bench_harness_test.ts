import { deepEqual, equal, ok } from "node:assert/strict";
import { chosen } from "../../bench/harness/flags.ts";
import { isDisturbed, phaseMeter } from "../../bench/harness/phases.ts";
import { search } from "../../bench/harness/search.ts";
import { lastNumbers, oneStream, usersOwn } from "../../bench/harness/traffic.ts";

Deno.test("traffic: tells the last number of each stream, and of each user's", () => {
  const sent = (key: string, count: number, sent: number) => [{ key, count, sent }];
  const name = (key: string) => key.slice("public.".length);
  equal(
    lastNumbers(oneStream(9, 200), name, 11, sent("public.m%d.trades", 3, 7)),
    "last m0.trades 13\nlast m1.trades 12\nlast m2.trades 12\n",
  );
  // Of six users every second one is connected; the events reached the fourth.
  equal(
    lastNumbers(usersOwn(3, 6, "tokens"), name, 1, sent("private.U%d.order", 6, 4)),
    "last order 1 0\nlast order 1 1\nlast order 0 2\n",
  );
});

Deno.test("search: finds the highest rate that holds, from below and from above", async () => {
  for (const limit of [1, 7, 95, 100, 130, 3_000]) {
    const bounds = { start: 100, least: 1, most: 2_000, within: 1.1, probes: 30 };
    const found = await search(bounds, (rate) => Promise.resolve({ rate, holds: rate <= limit }));
    const best = found.best?.rate ?? 0;
    ok(best <= limit && best * 1.1 >= Math.min(limit, 2_000), `${best} for ${limit}`);
  }
});

Deno.test("search: says so when nothing holds, and keeps to its number of probes", async () => {
  const bounds = { start: 100, least: 10, most: 2_000, within: 1.1, probes: 30 };
  const none = await search(bounds, (rate) => Promise.resolve({ rate, holds: false }));
  equal(none.best, undefined);
  equal(none.failed?.rate, 10);
  const few = await search(
    { ...bounds, probes: 3 },
    (rate) => Promise.resolve({ rate, holds: rate < 130 }),
  );
  equal(few.probes.length, 3);
});

Deno.test("phases: each has its shares, and a server's waiting is a disturbance", () => {
  const readings = [
    { time: 10, cpu: 5, waited: 1, clientsWaited: 2 },
    { time: 14, cpu: 7, waited: 1.004, clientsWaited: 3 },
    { time: 16, cpu: 7.5, waited: 1.144, clientsWaited: 3 },
  ];
  const phaseOver = phaseMeter(() => readings.shift()!);
  const [calm, shared] = [phaseOver(), phaseOver()];
  equal(calm.cpu, 0.5);
  equal(calm.clientsWaited, 0.25);
  equal(shared.cpu, 0.25);
  equal(shared.clientsWaited, 0);
  ok(!isDisturbed([calm]));
  ok(isDisturbed([calm, shared]));
});

Deno.test("--only: items with one of the words in their names, all without it", () => {
  const items = ["RabbitMQ restarts", "the path stalls", "a client closes"].map((name) => ({
    name,
  }));
  const of = (only: string | undefined) =>
    chosen("bench:losses", items, only).map(({ name }) => name);
  deepEqual(of("restarts,closes"), ["RabbitMQ restarts", "a client closes"]);
  deepEqual(of("the path stalls"), ["the path stalls"]);
  equal(of(undefined).length, 3);
});
