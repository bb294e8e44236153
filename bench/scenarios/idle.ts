import { count, kilobytes, percent, table } from "../harness/format.ts";
import { Load } from "../harness/load.ts";
import { type Memory, settledMemory, startUsage } from "../harness/proc.ts";
import { startServer } from "../harness/server.ts";
import type { BrokerPeer } from "../peers/peer.ts";
import type { Run, Scenario } from "./scenario.ts";

const STREAM = "usdbtc.trades";
/** Seconds over which the CPU of a server that has nothing to do is measured. */
const CPU_WINDOW = 1;

/** A number of idle connections, and the memory of the server's process with them, in bytes. */
interface Level {
  readonly connections: number;
  readonly memory: Memory;
  /** Of one core, while nothing happens. */
  readonly cpu: number;
  /** Over the server at rest, divided by the connections. */
  readonly rssPerConnection: number;
  readonly anonymousPerConnection: number;
  /**
   * Over the level before, divided by the connections added: free of what a server needs once,
   * like compiled code and a grown heap. The server at rest comes before the first level.
   */
  readonly rssPerAdded: number;
}

interface Measured {
  readonly name: string;
  readonly atRest: Memory;
  readonly levels: readonly Level[];
}

/** Connections that only wait: what each costs in memory. The kernel's buffers are not counted. */
export const idle: Scenario = {
  name: "idle",
  about:
    "idle connections on one stream: memory of the server's process, kernel memory not counted",
  async run(run) {
    const measured: Measured[] = [];
    for (const peer of run.peers) {
      if (peer.source === "broker") measured.push(await hold(peer, run));
    }
    return {
      name: idle.name,
      about: idle.about,
      figures: { peers: measured },
      table: rows(measured),
      summary: measured.map(summary).join("; "),
      integrity: true,
    };
  },
};

async function hold(peer: BrokerPeer, { place, effort, say }: Run): Promise<Measured> {
  const server = await startServer(peer, place);
  const { pid } = server.program;
  const loads: Load[] = [];
  const levels: Level[] = [];
  try {
    const atRest = await settledMemory(pid, effort.settle);
    let before = atRest;
    let held = 0;
    for (const connections of effort.idle) {
      const load = Load.start({
        wsload: place.tools.wsload,
        host: "127.0.0.1",
        port: server.port,
        path: peer.path([STREAM]),
        connections: connections - held,
        warmup: 0,
        seconds: 0,
        drain: 0,
        core: place.loadCore,
      });
      loads.push(load);
      await load.ready;
      const memory = await settledMemory(pid, effort.settle);
      const used = startUsage([pid], []);
      await new Promise((resolve) => setTimeout(resolve, CPU_WINDOW * 1000));
      levels.push({
        connections,
        memory,
        cpu: used().processes[0] ?? 0,
        rssPerConnection: (memory.rss - atRest.rss) / connections,
        anonymousPerConnection: (memory.anonymous - atRest.anonymous) / connections,
        rssPerAdded: (memory.rss - before.rss) / (connections - held),
      });
      held = connections;
      before = memory;
      say(
        `  ${peer.name} with ${count(connections)}: ${
          kilobytes(levels.at(-1)!.rssPerConnection)
        } KB each`,
      );
    }
    const reports = await Promise.all(loads.splice(0).map((load) => load.finish({})));
    const open = reports.reduce((sum, report) => sum + report.open_at_end, 0);
    if (open !== held) throw new Error(`${peer.name} held ${open} of ${held} idle connections`);
    return { name: peer.name, atRest, levels };
  } finally {
    await Promise.allSettled(loads.map((load) => load.finish({})));
    await server.program.stop();
  }
}

function rows(measured: readonly Measured[]): string[] {
  const head = [
    "server",
    "connections",
    "RSS MB",
    "KB each, RSS",
    "anonymous",
    "KB each added",
    "CPU",
  ];
  return table(
    head,
    measured.flatMap(({ name, atRest, levels }) => [
      [name, "0", count(atRest.rss / 2 ** 20), "", "", "", ""],
      ...levels.map((level) => [
        name,
        count(level.connections),
        count(level.memory.rss / 2 ** 20),
        kilobytes(level.rssPerConnection),
        kilobytes(level.anonymousPerConnection),
        kilobytes(level.rssPerAdded),
        percent(level.cpu),
      ]),
    ]),
  );
}

function summary({ name, levels }: Measured): string {
  const each = levels.map((level) =>
    `${kilobytes(level.rssPerConnection)} KB each at ${count(level.connections)}`
  );
  const added = kilobytes(levels.at(-1)?.rssPerAdded ?? 0);
  return `${name} ${each.join(", ")}, ${added} KB for each one more`;
}
