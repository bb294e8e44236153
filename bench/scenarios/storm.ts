import { count, type Table } from "../harness/format.ts";
import { Load, type LoadReport } from "../harness/load.ts";
import { family, startUsage } from "../harness/proc.ts";
import { startPublisher } from "../harness/publisher.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Traffic } from "../harness/traffic.ts";
import type { FedPeer } from "../peers/peer.ts";
import { median, type Outcome, type Run, type Scenario, target } from "./scenario.ts";

const CONNECTIONS = 10_000;
const STREAM = "m0.ob-inc";
/** Levels a side: about 30 bytes each, about 20 KB together, and as many as exchanges publish. */
const DEPTH = 301;
/** Seconds until it is given up. */
const PATIENCE = 90;

/** An order book, and nobody who changes it. */
const BOOK: Traffic = {
  connections: CONNECTIONS,
  lines: [{ kind: "ob_inc", bytes: 0, weight: 1, count: 1, key: `public.${STREAM}` }],
  holdings: [[STREAM]],
  fanOut: CONNECTIONS,
  depth: DEPTH,
};

interface Storm {
  /** Seconds from the first client's SYN to the last one's snapshot. */
  readonly seconds: number;
  /** Seconds until the last was connected. */
  readonly connected: number;
  /** CPU seconds of the server. */
  readonly cpu: number;
  readonly report: LoadReport;
}

/** Everybody at once: what a restart, or a cut line of the data centre, does to a server. */
export const storm: Scenario = {
  name: "storm",
  about: `${count(CONNECTIONS)} connections that all come at once, with a token each and a 20 KB ` +
    "order book to deliver: time until the last has it",
  async run(run) {
    const peer = run.peers.find(({ name }) => name === "ranger");
    if (peer?.source !== "fed") throw new Error("the storm is for Ranger: only it has tokens");
    const tokens = await run.place.keys.tokens(CONNECTIONS, 1);
    const server = await startServer(peer, run.place);
    const storms: Storm[] = [];
    try {
      await publishBook(run, server);
      for (let i = 0; i <= run.effort.rounds; i++) {
        const one = await come(run, peer, server, tokens);
        storms.push(one);
        run.say(`  ${i === 0 ? "first time" : "come back"}: ${one.seconds.toFixed(2)} s`);
      }
    } finally {
      await server.running.stop();
    }
    return outcome(storms);
  },
};

async function publishBook({ place }: Run, server: Server): Promise<void> {
  const publisher = startPublisher({
    publish: place.tools.publish,
    address: server.feed,
    exchange: place.exchange,
    traffic: BOOK,
    rate: 1,
    seconds: 1,
    from: 1,
    core: place.loadCore,
  });
  // The book is out once it is ready; it is not told to begin.
  await publisher.line("ready");
  await publisher.stop();
}

async function come(
  { place }: Run,
  peer: FedPeer,
  server: Server,
  tokens: string,
): Promise<Storm> {
  const used = startUsage([family(server.running.pid)], []);
  const begin = performance.now();
  const load = await Load.start({
    wsload: place.tools.wsload,
    port: server.port,
    paths: [peer.path([STREAM])],
    flags: ["--tokens", tokens, "--parallel", `${CONNECTIONS}`],
    connections: CONNECTIONS,
    warmup: 0,
    seconds: 0,
    drain: 0,
    core: place.loadCore,
  });
  const patience = AbortSignal.timeout(PATIENCE * 1000);
  const over = new Promise<void>((resolve) => patience.onabort = () => resolve());
  await Promise.race([load.served, over]);
  const seconds = (performance.now() - begin) / 1000;
  const cpu = (used().processes[0] ?? NaN) * seconds;
  const report = await load.finish();
  if (report.served < CONNECTIONS) {
    throw new Error(
      `after ${PATIENCE} s ${report.served} of ${CONNECTIONS} had the order book, and ` +
        `${report.connected} were connected ${report.refusal}`,
    );
  }
  return { seconds: report.served_s, connected: report.connect_s, cpu, report };
}

function outcome(storms: readonly Storm[]): Outcome {
  const again = storms.slice(1);
  const connected = median(again.map((one) => one.connected));
  const seconds = median(again.map((one) => one.seconds));
  const least = Math.min(...again.map((one) => one.seconds));
  const most = Math.max(...again.map((one) => one.seconds));
  return {
    name: storm.name,
    about: storm.about,
    figures: { connections: CONNECTIONS, depth: DEPTH, storms },
    tables: [rows(storms)],
    notes: [
      "The server has seen the tokens of the returning clients. “Asked again” are connections whose " +
      "SYN found the listener's queue full: TCP asks again after one second, three and seven. The " +
      "queue is as long as net.core.somaxconn allows; make install sets 16384.",
    ],
    summary: `the first time ${storms[0]?.seconds.toFixed(2)} s, coming back ` +
      `${seconds.toFixed(2)} s (${least.toFixed(2)} to ${most.toFixed(2)})`,
    targets: [
      target(
        "storm, until the last is accepted",
        "at most 1.5 s",
        connected,
        (x) => `${x.toFixed(2)} s`,
        (x) => x <= 1.5,
      ),
      target(
        "storm, until the last has its snapshot",
        "at most 3 s",
        seconds,
        (x) => `${x.toFixed(2)} s`,
        (x) => x <= 3,
      ),
    ],
    integrity: storms.every(({ report }) => report.violations_total === 0),
  };
}

function rows(storms: readonly Storm[]): Table {
  return {
    title: "Each storm",
    head: ["storm", "all connected, s", "all served, s", "CPU s of the server", "asked again"],
    rows: storms.map(({ connected, seconds, cpu, report }, i) => [
      i === 0 ? "the first time" : `coming back, ${i}`,
      connected.toFixed(2),
      seconds.toFixed(2),
      cpu.toFixed(2),
      count(report.retried),
    ]),
  };
}
