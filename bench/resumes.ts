/**
 * How long many clients take that all come back at once, each with a cursor and the same number of
 * missed events: connected, cut, then published to, then connected again with the cursor.
 *
 *     deno task bench:resumes                       10,000 clients, 100 events each, three rounds
 *     deno task bench:resumes --private             the events are each user's own
 *     deno task bench:resumes --clients 1000 --events 50 --rounds 1
 *
 * The server has core 0; broker, publisher and load generator share core 1. Exit codes: 0; 1 when a
 * client got no `resumed`, or other events than those that it missed; 64 when it is called wrongly.
 */
import { bounded } from "../testing/bounded.ts";
import { positive, readFlags } from "./harness/flags.ts";
import { count, plainTable, type Table } from "./harness/format.ts";
import { Load, type LoadReport } from "./harness/load.ts";
import { withPlace } from "./harness/place.ts";
import { cpuSeconds, family, memory, memoryPeak } from "./harness/proc.ts";
import { type PublishReport, publishReport, startPublisher } from "./harness/publisher.ts";
import { type Server, startServer } from "./harness/server.ts";
import { lastNumbers, oneStream, type Traffic, usersOwn } from "./harness/traffic.ts";
import type { Place } from "./peers/peer.ts";
import { rangerWith } from "./peers/ranger.ts";
import { CursorWatch } from "./resumes/cursor_watch.ts";

const MARKETS = 20;
/** Events a second while the clients are away; below what one core takes in. */
const RATE = { shared: 2_000, private: 15_000 };
/** Private events differ by user: a history that holds them all. */
const HISTORY_BYTES = 2_000_000_000;
/** Seconds until it is given up. */
const PATIENCE = 90;
const NUMBERS_OF_A_ROUND = 1_000_000;

/** What all rounds have in common. */
interface Crowd {
  readonly clients: number;
  /** Events that each client misses. */
  readonly events: number;
  readonly traffic: Traffic;
  readonly rate: number;
  /** The paths that clients connect with, taken in turn. */
  readonly paths: readonly string[];
}

/** A connection of all clients. */
interface Connected {
  readonly seconds: number;
  /** Milliseconds of the server's CPU per client. */
  readonly cpu: number;
}

/** One round. */
interface Round {
  readonly first: Connected;
  readonly back: Connected;
  readonly report: LoadReport;
  /** Bytes that the process took before they came back, and at most meanwhile. */
  readonly before: number;
  readonly peak: number;
}

async function main(): Promise<number> {
  const values = readFlags("bench:resumes", {
    clients: { type: "string", default: "10000" },
    events: { type: "string", default: "100" },
    rounds: { type: "string", default: "3" },
    private: { type: "boolean", default: false },
  });
  const number = (flag: "clients" | "events" | "rounds") =>
    positive("bench:resumes", flag, values[flag], true);
  const [clients, events, rounds] = [number("clients"), number("events"), number("rounds")];
  const own = values.private;
  return await withPlace({ serverCore: 0, loadCore: 1, binary: undefined }, async ({ place }) => {
    const crowd = own
      ? usersCrowd(clients, events, await place.keys.tokens(clients, 1))
      : marketsCrowd(clients, events);
    const settings = own ? ["--history-bytes", `${HISTORY_BYTES}`] : [];
    const server = await startServer(rangerWith(settings), place);
    const measured: Round[] = [];
    try {
      while (measured.length < rounds) {
        measured.push(await once(crowd, server, place, measured.length + 1));
      }
    } finally {
      await server.running.stop();
    }
    console.log(plainTable(table(crowd, own, measured)).join("\n"));
    const wrong = measured.filter(({ report }) => !isRight(report, crowd));
    for (const { report } of wrong) {
      console.error(
        `${report.resumed} resumed, ${report.frames_total} events, ${report.missing} missing ` +
          report.first_violation,
      );
    }
    return wrong.length === 0 ? 0 : 1;
  });
}

function marketsCrowd(clients: number, events: number): Crowd {
  const streams = Array.from({ length: MARKETS }, (_, at) => `m${at}.trades`);
  return {
    ...{ clients, events, rate: RATE.shared },
    traffic: {
      ...oneStream(clients, 200),
      lines: [{ kind: "trades", bytes: 200, weight: 1, count: MARKETS, key: "public.m%d.trades" }],
      holdings: streams.map((stream) => [stream]),
      fanOut: clients / MARKETS,
    },
    paths: streams.map((stream) => `/public/?stream=${stream}`),
  };
}

function usersCrowd(clients: number, events: number, tokens: string): Crowd {
  return {
    ...{ clients, events, rate: RATE.private },
    traffic: usersOwn(clients, clients, tokens),
    paths: ["/private/?stream=order,trade"],
  };
}

async function once(crowd: Crowd, server: Server, place: Place, round: number): Promise<Round> {
  const { clients, traffic } = crowd;
  const from = 1 + NUMBERS_OF_A_ROUND * round;
  await using watch = await CursorWatch.connect(server.port);
  const meter = cpuMeter(server.running.pid);
  const load = await connect(crowd, server, place, "", from);
  const [, seconds] = /in ([\d.]+) s/.exec(String(await load.ready)) ?? [];
  const first = { seconds: Number(seconds), cpu: 1000 * meter() / clients };
  await mark(server, place, 2 * round);
  const cursor = await watch.cursor(2 * round);
  await load.program.stop();
  const published = await publish(crowd, server, place, from);
  await mark(server, place, 2 * round + 1);
  await watch.cursor(2 * round + 1);

  const before = memory(server.running.pid).rss;
  const over = memoryPeak(server.running.pid);
  meter();
  const again = await connect(crowd, server, place, cursor, from);
  await bounded(again.resumed, "all clients to have resumed", 1000 * PATIENCE).catch((error) =>
    console.error(String(error))
  );
  const cpu = 1000 * meter() / clients;
  const peak = before + over();
  const nameOf = (key: string) => key.replace(/^public\./, "");
  const last = lastNumbers(traffic, nameOf, from, published.lines);
  const report = await again.finish(last);
  const one = {
    first,
    back: { seconds: report.resumed_s, cpu },
    ...{ report, before, peak },
  };
  console.error(`round ${round}: ${report.resumed} resumed in ${report.resumed_s.toFixed(2)} s`);
  return one;
}

function connect(
  { clients, traffic, paths }: Crowd,
  server: Server,
  place: Place,
  cursor: string,
  from: number,
): Promise<Load> {
  return Load.start({
    wsload: place.tools.wsload,
    port: server.port,
    paths: paths.map((path) => `${path}&cursor=${cursor}`),
    flags: [
      ...["--from", `${from}`, "--parallel", `${clients}`],
      ...(traffic.users ? ["--tokens", traffic.users.tokens] : []),
    ],
    connections: clients,
    ...{ warmup: 0, seconds: 0, drain: 10, core: place.loadCore },
  });
}

/** Publishes what the clients miss. */
async function publish(
  { clients, events, traffic, rate }: Crowd,
  server: Server,
  place: Place,
  from: number,
): Promise<PublishReport> {
  const total = events * (traffic.users ? clients : MARKETS);
  const publisher = startPublisher({
    ...{ publish: place.tools.publish, address: server.feed, exchange: place.exchange },
    ...{ traffic, rate, seconds: total / rate, from, core: place.loadCore },
  });
  await publisher.line("ready");
  await publisher.say("go\n");
  const report = await publishReport(publisher);
  if (report.published !== total) throw new Error(`${report.published} published of ${total}`);
  return report;
}

/** Publishes one event with this number on the stream that the watch has. */
async function mark(server: Server, place: Place, number: number): Promise<void> {
  const traffic = oneStream(1, 200);
  const publisher = startPublisher({
    ...{ publish: place.tools.publish, address: server.feed, exchange: place.exchange },
    traffic: { ...traffic, lines: [{ ...traffic.lines[0]!, key: `public.${CursorWatch.STREAM}` }] },
    ...{ rate: 10, seconds: 0.1, from: number, core: place.loadCore },
  });
  await publisher.line("ready");
  await publisher.say("go\n");
  await publishReport(publisher);
}

/** CPU seconds that a process and its children used since the last call. */
function cpuMeter(pid: number): () => number {
  const used = () => family(pid).map(cpuSeconds).reduce((sum, one) => sum + one, 0);
  let before = used();
  return () => {
    const now = used();
    const spent = now - before;
    before = now;
    return spent;
  };
}

function isRight(report: LoadReport, { clients, events }: Crowd): boolean {
  return report.resumed === clients && report.frames_total === clients * events &&
    report.missing === 0 && report.violations_total === 0;
}

function table(crowd: Crowd, own: boolean, rounds: readonly Round[]): Table {
  const { clients, events, traffic } = crowd;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  return {
    title: `${count(clients)} clients, ${events} missed events each, ${
      own ? "private" : `of ${traffic.holdings.length} shared streams`
    }`,
    head: [
      "first connected, s",
      "CPU per client, ms",
      "all resumed, s",
      "CPU per client, ms",
      "asked again",
      "memory before",
      "at most",
      "right",
    ],
    rows: rounds.map((round) => [
      round.first.seconds.toFixed(2),
      round.first.cpu.toFixed(2),
      round.back.seconds.toFixed(2),
      round.back.cpu.toFixed(2),
      count(round.report.retried),
      megabytes(round.before),
      megabytes(round.peak),
      isRight(round.report, crowd) ? "yes" : "NO",
    ]),
  };
}

if (import.meta.main) Deno.exit(await main());
