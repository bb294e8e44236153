import { count, ms, percent, type Table } from "../harness/format.ts";
import { Load, type LoadReport } from "../harness/load.ts";
import { cpuSeconds, family } from "../harness/proc.ts";
import { publishReport, startPublisher } from "../harness/publisher.ts";
import { type Server, startServer } from "../harness/server.ts";
import { lastNumbers, oneStream } from "../harness/traffic.ts";
import { rangerWith } from "../peers/ranger.ts";
import { median, type Outcome, type Run, type Scenario, target } from "./scenario.ts";

const CLIENTS = 500;
const RATE = 4_000;
/** Seconds that the clients read, then do not, then read on. */
const BEFORE = 3;
const STALL = 4;
const AFTER = 6;
/** As SO_RCVBUF takes it: the kernel doubles it. */
const RECEIVE_BUFFER = 32_768;

/** Small events, of which less than the limit waits, and large ones with a limit that is as large. */
const LOADS = [
  { name: "80-byte events", bytes: 80, settings: ["--limits-unsent-bytes", "4194304"] },
  { name: "1,000-byte events", bytes: 1_000, settings: ["--limits-unsent-bytes", "33554432"] },
];

/** Shares of a core, milliseconds of the bystander, and clients that were closed. */
interface Stall {
  readonly cpuBefore: number;
  readonly cpuStalled: number;
  readonly cpuAfter: number;
  readonly p99Before: number;
  /** From the moment of the stall until the clients have read on. */
  readonly p99During: number;
  readonly maxDuring: number;
  readonly closed: number;
  readonly clients: LoadReport;
  readonly bystander: LoadReport;
}

interface Measured {
  readonly name: string;
  readonly rounds: readonly Stall[];
}

/** Many clients stop reading at once, as behind a proxy that stalls, and read on. */
export const stall: Scenario = {
  name: "stall",
  about:
    `${count(CLIENTS)} clients with receive buffers of 64 KB stop reading for ${STALL} s, at ` +
    `${count(RATE)} events/s on one stream, and one client that reads`,
  async run(run) {
    const measured: Measured[] = [];
    for (const { name, bytes, settings } of LOADS) {
      const rounds: Stall[] = [];
      const server = await startServer(rangerWith(settings), run.place);
      try {
        while (rounds.length < run.effort.rounds) {
          const one = await once(run, server, bytes, 1 + 1_000_000 * (rounds.length + 1));
          rounds.push(one);
          run.say(
            `  ${name}: bystander p99 ${ms(one.p99Before)}, then ${ms(one.p99During)} ms, server ` +
              `${percent(one.cpuBefore)}, ${percent(one.cpuStalled)}, ${percent(one.cpuAfter)}, ` +
              `${one.closed} closed`,
          );
        }
      } finally {
        await server.running.stop();
      }
      measured.push({ name, rounds });
    }
    return outcome(measured);
  },
};

async function once({ place }: Run, server: Server, bytes: number, from: number): Promise<Stall> {
  const { tools, exchange, loadCore } = place;
  const traffic = oneStream(CLIENTS, bytes);
  const seconds = BEFORE + STALL + AFTER;
  const publisher = startPublisher({
    ...{ publish: tools.publish, address: server.feed, exchange, traffic, rate: RATE, from },
    ...{ seconds: seconds + 2, core: loadCore },
  });
  await publisher.line("ready");
  const start = (connections: number, window: number, warmup: number, flags: readonly string[]) =>
    Load.start({
      ...{ wsload: tools.wsload, port: server.port, connections, warmup, seconds: window },
      ...{ paths: ["/public/?stream=usdbtc.trades"], drain: 5, core: loadCore, flags },
    });
  const clients = await start(CLIENTS, seconds, 1, [
    ...["--from", `${from}`, "--receive", `${RECEIVE_BUFFER}`],
  ]);
  const calm = await start(1, BEFORE - 0.5, 1, ["--from", `${from}`, "--sample", "1"]);
  const bystander = await start(1, STALL + AFTER, 1 + BEFORE, [
    ...["--from", `${from}`, "--sample", "1"],
  ]);
  await Promise.all([clients.ready, calm.ready, bystander.ready]);
  await publisher.say("go\n");
  await clients.measuring;
  const cpuOver = cpuMeter(server.running.pid);
  await calm.measured;
  const cpuBefore = cpuOver();
  await bystander.measuring;
  cpuOver();
  Deno.kill(clients.program.pid, "SIGSTOP");
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000 * STALL));
  } finally {
    Deno.kill(clients.program.pid, "SIGCONT");
  }
  const cpuStalled = cpuOver();
  await bystander.measured;
  const cpuAfter = cpuOver();
  await clients.measured;
  const { lines } = await publishReport(publisher);
  const last = lastNumbers(traffic, () => "usdbtc.trades", from, lines);
  const [calmly, besides, slow] = await Promise.all([
    calm.finish(last),
    bystander.finish(last),
    clients.finish(last),
  ]);
  return {
    ...{ cpuBefore, cpuStalled, cpuAfter },
    p99Before: calmly.latency.p99_ms,
    p99During: besides.latency.p99_ms,
    maxDuring: besides.latency.max_ms,
    closed: slow.connections - slow.open_at_end,
    clients: slow,
    bystander: besides,
  };
}

/** The share of a core that a process used since the last call. */
function cpuMeter(pid: number): () => number {
  const used = () => family(pid).map(cpuSeconds).reduce((sum, one) => sum + one, 0);
  let [cpu, time] = [used(), performance.now()];
  return () => {
    const [cpuNow, now] = [used(), performance.now()];
    const share = 1000 * (cpuNow - cpu) / (now - time);
    [cpu, time] = [cpuNow, now];
    return share;
  };
}

function outcome(measured: readonly Measured[]): Outcome {
  const middle = ({ rounds }: Measured, value: (one: Stall) => number) => median(rounds.map(value));
  const slower = (one: Stall) => one.p99During / one.p99Before;
  return {
    name: stall.name,
    about: stall.about,
    figures: { loads: measured },
    tables: [rows(measured)],
    notes: [
      "The clients' process is stopped by a signal; the bystander is another process on that core.",
    ],
    summary: measured.map((load) =>
      `${load.name}: bystander p99 ${ms(middle(load, (one) => one.p99Before))} ms, then ${
        ms(middle(load, (one) => one.p99During))
      }; ${middle(load, (one) => one.closed)} closed`
    ).join("; "),
    targets: measured.flatMap((load) => [
      target(
        `stall, a bystander's p99 with ${load.name}`,
        "at most twice that before",
        middle(load, slower),
        (x) => `${x.toFixed(1)} times`,
        (x) => x <= 2,
      ),
      target(
        `stall, clients closed that read on, with ${load.name}`,
        "none",
        Math.max(...load.rounds.map(({ closed }) => closed)),
        (x) => `${x}`,
        (x) => x === 0,
      ),
      target(
        `stall, the server's CPU with ${load.name}`,
        "falls",
        middle(load, (one) => one.cpuStalled / one.cpuBefore),
        (x) => `${x.toFixed(2)} times`,
        (x) => x < 1,
      ),
    ]),
    integrity: measured.every(({ rounds }) =>
      rounds.every(({ clients, bystander }) =>
        clients.violations_total === (clients.violations.gap ?? 0) &&
        bystander.violations_total === (bystander.violations.gap ?? 0)
      )
    ),
  };
}

function rows(measured: readonly Measured[]): Table {
  return {
    title: "Each round: before, while the clients do not read, and after",
    head: [
      "load",
      "bystander's p99 before",
      "p99 from the stall on",
      "max",
      "server's CPU before",
      "stalled",
      "after",
      "closed",
    ],
    rows: measured.flatMap(({ name, rounds }) =>
      rounds.map((one) => [
        name,
        `${ms(one.p99Before)} ms`,
        `${ms(one.p99During)} ms`,
        `${ms(one.maxDuring)} ms`,
        percent(one.cpuBefore),
        percent(one.cpuStalled),
        percent(one.cpuAfter),
        `${one.closed}`,
      ])
    ),
  };
}
