import { count, ms, percent, type Table } from "../harness/format.ts";
import { Load, type LoadReport } from "../harness/load.ts";
import { DISTURBED, isDisturbed, type Phase, phaseMeter, readingOf } from "../harness/phases.ts";
import { memoryPeak } from "../harness/proc.ts";
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
/** Seconds that clients have after that, at most, for what is still on its way. */
const DRAIN = 15;
/** As SO_RCVBUF takes it: the kernel doubles it. */
const RECEIVE_BUFFER = 32_768;
/**
 * Of a TCP segment on Ethernet. The server's send buffers begin with ten segments' room and grow by
 * segments, and those of loopback have 64 KB: then the kernel takes seconds of events from a server
 * whose clients do not read.
 */
const SEGMENT = 1_448;

/** Of the first less waits than may; of the second more, so that clients read on from the history. */
const LOADS = [
  { name: "below the limit", bytes: 80, settings: ["--limits-unsent-bytes", "4194304"] },
  { name: "over the limit", bytes: 160, settings: [] },
];

/** Milliseconds of the bystander, and clients that were closed. */
interface Stall {
  readonly before: Phase;
  readonly stalled: Phase;
  readonly after: Phase;
  readonly p99Before: number;
  readonly p99Stalled: number;
  /** While the clients read what had waited. */
  readonly p99After: number;
  readonly max: number;
  readonly closed: number;
  /** Bytes that the process took at most, over what it took before. */
  readonly memory: number;
  readonly clients: LoadReport;
  readonly bystanders: readonly LoadReport[];
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
      let { retries } = run.effort;
      let tried = 0;
      const server = await startServer(rangerWith(settings), run.place);
      try {
        while (rounds.length < run.effort.rounds) {
          const one = await once(run, server, bytes, 1 + 1_000_000 * ++tried);
          const isAgain = isDisturbed([one.before, one.stalled, one.after]) && retries-- > 0;
          if (!isAgain) rounds.push(one);
          run.say(
            `  ${name}: bystander p99 ${ms(one.p99Before)}, ${ms(one.p99Stalled)}, ` +
              `${ms(one.p99After)} ms, server ${shares(one, ({ cpu }) => cpu)}, waited ` +
              `${shares(one, ({ waited }) => waited)}, ${one.closed} closed, ` +
              `${megabytes(one.memory)} more${isAgain ? "; once more" : ""}`,
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
  const start = (
    connections: number,
    window: number,
    warmup: number,
    flags: readonly string[],
    idle = false,
  ) =>
    Load.start({
      ...{ wsload: tools.wsload, port: server.port, connections, warmup, seconds: window, idle },
      ...{ paths: ["/public/?stream=usdbtc.trades"], drain: DRAIN, core: loadCore },
      flags: ["--from", `${from}`, ...flags],
    });
  const bystander = (after: number, window: number) => start(1, window, after, ["--sample", "1"]);
  const clients = await start(
    ...[CLIENTS, seconds, 1] as const,
    ["--receive", `${RECEIVE_BUFFER}`, "--mss", `${SEGMENT}`],
    true,
  );
  await clients.ready;
  const calm = await bystander(1, BEFORE - 0.5);
  const stalled = await bystander(1 + BEFORE, STALL);
  const after = await bystander(1 + BEFORE + STALL, AFTER);
  await Promise.all([calm.ready, stalled.ready, after.ready]);
  await publisher.say("go\n");
  await clients.measuring;
  const memoryOver = memoryPeak(server.running.pid);
  const readers = [calm, stalled, after].map(({ program }) => program.pid);
  const phaseOver = phaseMeter(() => readingOf(server.running.pid, readers));
  await calm.measured;
  const phaseBefore = phaseOver();
  await stalled.measuring;
  phaseOver();
  Deno.kill(clients.program.pid, "SIGSTOP");
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000 * STALL));
  } finally {
    Deno.kill(clients.program.pid, "SIGCONT");
  }
  const phaseStalled = phaseOver();
  await after.measured;
  const phaseAfter = phaseOver();
  const memory = memoryOver();
  await clients.measured;
  const { lines } = await publishReport(publisher);
  const last = lastNumbers(traffic, () => "usdbtc.trades", from, lines);
  const [slow, ...bystanders] = await Promise.all(
    [clients, calm, stalled, after].map((load) => load.finish(last)),
  );
  const [p99Before, p99Stalled, p99After] = bystanders.map(({ latency }) => latency.p99_ms);
  return {
    ...{ before: phaseBefore, stalled: phaseStalled, after: phaseAfter, memory, bystanders },
    ...{ p99Before: p99Before!, p99Stalled: p99Stalled!, p99After: p99After! },
    max: Math.max(...bystanders.slice(1).map(({ latency }) => latency.max_ms)),
    closed: slow!.connections - slow!.open_at_end,
    clients: slow!,
  };
}

/** One share in each phase. */
function shares({ before, stalled, after }: Stall, of: (phase: Phase) => number): string {
  return [before, stalled, after].map((phase) => `${(100 * of(phase)).toFixed(1)} %`).join(", ");
}

function outcome(measured: readonly Measured[]): Outcome {
  const middle = ({ rounds }: Measured, value: (one: Stall) => number) => median(rounds.map(value));
  const slower = (one: Stall) => Math.max(one.p99Stalled, one.p99After) / one.p99Before;
  return {
    name: stall.name,
    about: stall.about,
    figures: { loads: measured },
    tables: [rows(measured)],
    notes: [
      "The clients' process is stopped by a signal. It shares its core with broker, publisher and " +
      "bystander and takes only what they leave (SCHED_IDLE), so that their latency is not its own; " +
      "its connections have Ethernet's segments, so that the kernel's buffers are a network's.",
      "Waited: ready to run while the core ran something else. A round in which the server waited " +
      `${percent(DISTURBED)} of a phase and more is disturbed by other programs.`,
    ],
    summary: measured.map((load) =>
      `${load.name}: bystander p99 ${ms(middle(load, (one) => one.p99Before))} ms, ${
        ms(middle(load, (one) => one.p99Stalled))
      } while others stall, ${ms(middle(load, (one) => one.p99After))} after; ${
        middle(load, (one) => one.closed)
      } closed`
    ).join("; "),
    targets: measured.flatMap((load) => [
      target(
        `stall ${load.name}, a bystander's p99`,
        "at most twice that before",
        middle(load, slower),
        (x) => `${x.toFixed(1)} times`,
        (x) => x <= 2,
      ),
      target(
        `stall ${load.name}, clients closed that read on`,
        "none",
        Math.max(...load.rounds.map(({ closed }) => closed)),
        (x) => `${x}`,
        (x) => x === 0,
      ),
      target(
        `stall ${load.name}, the server's CPU`,
        "falls",
        middle(load, (one) => one.stalled.cpu / one.before.cpu),
        (x) => `${x.toFixed(2)} times`,
        (x) => x < 1,
      ),
    ]),
    integrity: measured.every(({ rounds }) =>
      rounds.every(({ clients, bystanders }) =>
        [clients, ...bystanders].every(({ violations_total, violations }) =>
          violations_total === (violations.gap ?? 0)
        )
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
      "p99 while the others stall",
      "p99 after",
      "max",
      "server's CPU",
      "server waited",
      "bystander waited",
      "closed",
      "memory at most, over before",
    ],
    rows: measured.flatMap(({ name, rounds }) =>
      rounds.map((one) => [
        name,
        `${ms(one.p99Before)} ms`,
        `${ms(one.p99Stalled)} ms`,
        `${ms(one.p99After)} ms`,
        `${ms(one.max)} ms`,
        shares(one, ({ cpu }) => cpu),
        shares(one, ({ waited }) => waited),
        shares(one, ({ clientsWaited }) => clientsWaited),
        `${one.closed}`,
        megabytes(one.memory),
      ])
    ),
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
