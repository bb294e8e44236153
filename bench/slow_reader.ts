/**
 * What a client that is megabytes behind costs all others: the p99 of 1,000 clients on one stream,
 * while one client of another stream does not read for four seconds and then catches up, beside the
 * p99 without that client, in turns.
 *
 *     deno task bench:slow-reader                     five rounds of each
 *     deno task bench:slow-reader --rounds 9 --rate 600
 *
 * Both streams are published in either case. The server has core 0; broker, publisher and load
 * generators share core 1, where the slow client takes only what the others leave. Exit codes: 0; 1
 * when the slow client was closed or did not get every event; 64 when it is called wrongly.
 */
import { positive, readFlags } from "./harness/flags.ts";
import { count, ms, percent, plainTable, type Table } from "./harness/format.ts";
import { Load, type LoadReport } from "./harness/load.ts";
import { withPlace } from "./harness/place.ts";
import { family, startUsage } from "./harness/proc.ts";
import { publishReport, startPublisher } from "./harness/publisher.ts";
import { type Server, startServer } from "./harness/server.ts";
import { lastNumbers, oneStream, type Traffic } from "./harness/traffic.ts";
import type { Place } from "./peers/peer.ts";
import { rangerWith } from "./peers/ranger.ts";
import { median } from "./scenarios/scenario.ts";

const BYSTANDERS = 1_000;
/** Of an event of the slow client's stream, and bytes that it is behind when it reads on. */
const BYTES = 20_000;
const BEHIND = 24_000_000;
/** Seconds that it does not read, and has for catching up while the bystanders are measured. */
const STALL = 4;
const AFTER = 4;
const WARMUP = 1;
const DRAIN = 15;
/** As in bench/scenarios/stall.ts: so that the kernel does not keep megabytes for it. */
const SLOW = ["--receive", "32768", "--mss", "1448"];
const NUMBERS_OF_A_ROUND = 1_000_000;

interface Turn {
  readonly bystanders: LoadReport;
  readonly slow: LoadReport | undefined;
  /** Of one core, by the server. */
  readonly cpu: number;
}

async function main(): Promise<number> {
  const values = readFlags("bench:slow-reader", {
    rounds: { type: "string", default: "5" },
    rate: { type: "string", default: "300" },
  });
  const rounds = positive("bench:slow-reader", "rounds", values.rounds, true);
  const rate = positive("bench:slow-reader", "rate", values.rate, true);
  const without: Turn[] = [];
  const beside: Turn[] = [];
  await withPlace({ serverCore: 0, loadCore: 1, binary: undefined }, async ({ place }) => {
    const server = await startServer(rangerWith([]), place);
    try {
      for (let round = 0; round < rounds; round++) {
        for (const turns of [without, beside]) {
          const from = 1 + NUMBERS_OF_A_ROUND * (without.length + beside.length + 1);
          const turn = await once(server, place, rate, from, turns === beside);
          turns.push(turn);
          console.error(
            `${turns === beside ? "beside" : "without"}: p99 ${ms(p99(turn))} ms, ` +
              `server ${percent(turn.cpu)}`,
          );
        }
      }
    } finally {
      await server.running.stop();
    }
  });
  console.log(plainTable(table(rate, without, beside)).join("\n"));
  const wrong = beside.filter(({ slow }) =>
    slow!.open_at_end !== 1 || slow!.missing > 0 || slow!.violations_total > 0
  );
  for (const { slow } of wrong) {
    console.error(`${slow!.closes} closed, ${slow!.missing} missing ${slow!.first_violation}`);
  }
  return wrong.length === 0 ? 0 : 1;
}

const p99 = ({ bystanders }: Turn): number => bystanders.latency.p99_ms;

function trafficOf(rate: number): Traffic {
  const { lines: [hot], ...one } = oneStream(BYSTANDERS, 200);
  const deep = {
    ...hot!,
    bytes: BYTES,
    weight: Math.round(BEHIND / BYTES / STALL),
    key: "public.deep.trades",
  };
  return { ...one, lines: [{ ...hot!, weight: rate }, deep] };
}

async function once(
  server: Server,
  place: Place,
  rate: number,
  from: number,
  withSlow: boolean,
): Promise<Turn> {
  const traffic = trafficOf(rate);
  const { tools, exchange, loadCore } = place;
  const publisher = startPublisher({
    ...{ publish: tools.publish, address: server.feed, exchange, traffic, from, core: loadCore },
    rate: traffic.lines.reduce((sum, { weight }) => sum + weight, 0),
    seconds: WARMUP + STALL + AFTER + 0.5,
  });
  await publisher.line("ready");
  const start = (stream: string, connections: number, flags: readonly string[], idle: boolean) =>
    Load.start({
      ...{ wsload: tools.wsload, port: server.port, paths: [`/public/?stream=${stream}`] },
      ...{
        connections,
        warmup: WARMUP,
        seconds: STALL + AFTER,
        drain: DRAIN,
        core: loadCore,
        idle,
      },
      flags: ["--from", `${from}`, ...flags],
    });
  const bystanders = await start("usdbtc.trades", BYSTANDERS, [], false);
  await bystanders.ready;
  const slow = withSlow ? await start("deep.trades", 1, SLOW, true) : undefined;
  await slow?.ready;
  await publisher.say("go\n");
  await bystanders.measuring;
  const used = startUsage([family(server.running.pid)], []);
  if (slow) Deno.kill(slow.program.pid, "SIGSTOP");
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000 * STALL));
  } finally {
    if (slow) Deno.kill(slow.program.pid, "SIGCONT");
  }
  await bystanders.measured;
  const [cpu = 0] = used().processes;
  const { lines } = await publishReport(publisher);
  const last = lastNumbers(traffic, (key) => key.replace(/^public\./, ""), from, lines);
  return {
    cpu,
    bystanders: await bystanders.finish(last),
    slow: await slow?.finish(last),
  };
}

function table(rate: number, without: readonly Turn[], beside: readonly Turn[]): Table {
  const row = (name: string, of: (turn: Turn) => number, text: (value: number) => string) => {
    const values = [without, beside].map((turns) => turns.map(of));
    const [one, other] = values.map((each) => median(each)) as [number, number];
    const range = (each: readonly number[]) =>
      `${text(median(each))} (${text(Math.min(...each))} to ${text(Math.max(...each))})`;
    return [name, ...values.map(range), `${(other / one).toFixed(2)} times`];
  };
  return {
    title: `${count(BYSTANDERS)} clients with ${count(rate)} events/s, beside one that is ` +
      `${BEHIND / 1e6} MB behind; median, least and most of ${without.length} rounds`,
    head: ["", "without it", "beside it", "ratio"],
    rows: [
      row("p50, ms", ({ bystanders }) => bystanders.latency.p50_ms, ms),
      row("p99, ms", p99, ms),
      row("max, ms", ({ bystanders }) => bystanders.latency.max_ms, ms),
      row("server's CPU", ({ cpu }) => cpu, percent),
    ],
  };
}

if (import.meta.main) Deno.exit(await main());
