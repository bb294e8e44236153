/**
 * What RabbitMQ pays for each instance of Ranger that reads the exchange's events, with a queue for
 * each instance and with one stream for all: CPU of the broker per event and per delivery.
 *
 *     deno task bench:broker                 one and four instances, three rounds of each, in turns
 *     deno task bench:broker --instances 2,8 --rate 2000 --seconds 10 --rounds 5
 *
 * The instances share core 0; broker and publisher share core 1. What an instance more costs is the
 * difference between the most and the fewest instances, so that what publishing costs is not in it.
 */
import { setTimeout as pause } from "node:timers/promises";
import { positive, readFlags } from "./harness/flags.ts";
import { count, plainTable } from "./harness/format.ts";
import { withPlace } from "./harness/place.ts";
import { cpuSeconds } from "./harness/proc.ts";
import { publishReport, startPublisher } from "./harness/publisher.ts";
import { startServer } from "./harness/server.ts";
import { type Traffic, twentyMarkets } from "./harness/traffic.ts";
import type { Place } from "./peers/peer.ts";
import { rangerWith } from "./peers/ranger.ts";
import { median } from "./scenarios/scenario.ts";

type Source = "queue" | "stream";

/** One measurement. */
interface Case {
  readonly source: Source;
  readonly instances: number;
  readonly rate: number;
  readonly seconds: number;
}

/** Microseconds of CPU per event. */
interface Cost {
  readonly broker: number;
  /** The mean of the instances. */
  readonly instance: number;
}

/** Seconds at the beginning of a publisher's run that are not measured. */
const WARMUP = 1;
let runs = 0;

async function main(): Promise<void> {
  const values = readFlags("bench:broker", {
    instances: { type: "string", default: "1,4" },
    rate: { type: "string", default: "4000" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
  });
  const number = (flag: string, text: string, isWhole = false) =>
    positive("bench:broker", flag, text, isWhole);
  const instances = values.instances.split(",").map((text) => number("instances", text, true))
    .sort((a, b) => a - b);
  const rate = number("rate", values.rate);
  const seconds = number("seconds", values.seconds);
  const rounds = number("rounds", values.rounds, true);
  const cases = (["queue", "stream"] as const).flatMap((source) =>
    instances.map((instances): Case => ({ source, instances, rate, seconds }))
  );
  const costs = cases.map((): Cost[] => []);
  await withPlace({ serverCore: 0, loadCore: 1, binary: undefined }, async (prepared) => {
    console.log(`RabbitMQ ${prepared.rabbitmq}, ${count(rate)} events/s of twenty markets`);
    for (let round = 1; round <= rounds; round++) {
      for (const [i, one] of cases.entries()) {
        const cost = await measure(one, prepared.place);
        costs[i]!.push(cost);
        console.log(
          `round ${round}: ${one.source}, ${one.instances} instances: broker ` +
            `${cost.broker.toFixed(1)} µs an event, an instance ${cost.instance.toFixed(1)} µs`,
        );
      }
    }
  });
  const rows = (["queue", "stream"] as const).map((source) => {
    const broker = (wanted: number) =>
      median(
        costs[cases.findIndex((one) => one.source === source && one.instances === wanted)]!
          .map((cost) => cost.broker),
      );
    const [few, many] = [instances[0]!, instances.at(-1)!];
    const more = (broker(many) - broker(few)) / (many - few);
    return [source, ...instances.map((n) => broker(n).toFixed(1)), more.toFixed(1)];
  });
  const head = [
    "source",
    ...instances.map((n) => `µs an event, ${n} instances`),
    "an instance more",
  ];
  console.log(plainTable({ title: "CPU of the broker, median", head, rows }).join("\n"));
}

/** Starts the instances on a fresh exchange, publishes, and reads the processes' CPU. */
async function measure(one: Case, shared: Place): Promise<Cost> {
  const exchange = `bench.broker.${++runs}`;
  const place = { ...shared, exchange };
  const settings = one.source === "stream" ? ["--amqp-stream", exchange] : [];
  const servers = [];
  try {
    for (let i = 0; i < one.instances; i++) {
      servers.push(await startServer(rangerWith(settings), place));
    }
    const traffic: Traffic = twentyMarkets(1);
    const publisher = startPublisher({
      publish: place.tools.publish,
      address: place.amqpUrl,
      exchange,
      traffic,
      rate: one.rate,
      seconds: one.seconds + 2 * WARMUP,
      from: 1,
      core: place.loadCore,
    });
    await publisher.line("ready");
    await publisher.say("go\n");
    await pause(1000 * WARMUP);
    const pids = servers.map(({ running }) => running.pid);
    const before = [place.brokerPid, ...pids].map(cpuSeconds);
    const begin = performance.now();
    await pause(1000 * one.seconds);
    const used = [place.brokerPid, ...pids].map((pid, i) => cpuSeconds(pid) - before[i]!);
    const events = one.rate * (performance.now() - begin) / 1000;
    const { rate } = await publishReport(publisher);
    if (rate < one.rate * 0.98) throw new Error(`published ${rate} events/s of ${one.rate}`);
    const [broker = 0, ...own] = used.map((cpu) => cpu * 1e6 / events);
    return { broker, instance: own.reduce((sum, cpu) => sum + cpu, 0) / own.length };
  } finally {
    for (const { running } of servers) await running.stop();
  }
}

if (import.meta.main) await main();
