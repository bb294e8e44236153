import { clientsWithin } from "../../src/daemon/open_files.ts";
import { count, kilobytes, type Table } from "../harness/format.ts";
import { Load } from "../harness/load.ts";
import {
  family,
  type Memory,
  memory as memoryOf,
  settledMemory,
  startUsage,
} from "../harness/proc.ts";
import { startServer } from "../harness/server.ts";
import { MARKET_HOLDINGS } from "../harness/traffic.ts";
import type { FedPeer } from "../peers/peer.ts";
import { eachPeer, type Run, type Scenario, type Target, target } from "./scenario.ts";

/** Seconds over which the CPU of others is measured: they are not what it is about. */
const SHORT_WINDOW = 2;

/** Connections that come at once: as after a restart, which costs the most memory. */
const AT_ONCE = 10_000;

/** A number of idle connections, and the memory of the server's process with them, in bytes. */
interface Level {
  readonly connections: number;
  /** After they have been idle for a while. */
  readonly memory: Memory;
  /** As soon as all of them were there: with the garbage of their handshakes. */
  readonly rssAtOnce: number;
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
    "idle connections on four streams each, 10,000 at once: memory of the server's process, CPU",
  async run(run) {
    const measured = await eachPeer<Measured>(
      run,
      (peer) => peer.source === "fed" ? hold(peer, run) : Promise.resolve(undefined),
    );
    return {
      name: idle.name,
      about: idle.about,
      figures: { peers: measured },
      tables: [rows(measured)],
      notes: [
        "Resident memory over the server at rest; the kernel's socket buffers are not in it. " +
        "“Added” divides what the last step added. Memory is read, and CPU measured from then on, " +
        `${run.effort.rest} s after the connections were there: engines that collect garbage ` +
        "return that of the handshakes in quiet hours; “at once” is before that. " +
        `Ranger's CPU is over ${run.effort.idleWindow} s, ` +
        `the others' over ${SHORT_WINDOW} s. One process may have ` +
        `${count(run.place.openFiles)} files open here, which bounds the connections.`,
      ],
      summary: measured.map(summary).join("; "),
      targets: targets(measured.find(({ name }) => name === "ranger")),
      integrity: true,
    };
  },
};

async function hold(peer: FedPeer, { place, effort, say }: Run): Promise<Measured> {
  const ours = peer.name === "ranger";
  const server = await startServer(peer, place);
  const { pid } = server.running;
  const loads: Load[] = [];
  const levels: Level[] = [];
  const most = clientsWithin(place.openFiles);
  const wanted = [...new Set(effort.idle.map((level) => Math.min(level, most)))];
  try {
    const atRest = await settledMemory(pid, effort.settle);
    let before = atRest;
    let held = 0;
    for (const connections of ours ? wanted : wanted.slice(0, 1)) {
      const load = await Load.start({
        wsload: place.tools.wsload,
        port: server.port,
        paths: MARKET_HOLDINGS.map((streams) => peer.path(streams)),
        flags: [...peer.flags?.(place) ?? [], "--parallel", `${AT_ONCE}`],
        connections: connections - held,
        warmup: 0,
        seconds: 0,
        drain: 0,
        core: place.loadCore,
      });
      loads.push(load);
      await load.ready;
      const readyAt = performance.now();
      const atOnce = await settledMemory(pid, effort.settle);
      await seconds(Math.max(0, effort.rest - (performance.now() - readyAt) / 1000));
      const memory = memoryOf(pid);
      const used = startUsage([family(pid)], []);
      await seconds(ours ? effort.idleWindow : SHORT_WINDOW);
      const cpu = used().processes[0] ?? 0;
      const level = {
        connections,
        memory,
        cpu,
        rssAtOnce: (atOnce.rss - atRest.rss) / connections,
        rssPerConnection: (memory.rss - atRest.rss) / connections,
        anonymousPerConnection: (memory.anonymous - atRest.anonymous) / connections,
        rssPerAdded: (memory.rss - before.rss) / (connections - held),
      };
      levels.push(level);
      held = connections;
      before = memory;
      say(
        `  ${peer.name} with ${count(connections)}: ${kilobytes(level.rssPerConnection)} KB each`,
      );
    }
    const reports = await Promise.all(loads.splice(0).map((load) => load.finish()));
    const open = reports.reduce((sum, report) => sum + report.open_at_end, 0);
    if (open !== held) throw new Error(`${peer.name} held ${open} of ${held} idle connections`);
    return { name: peer.name, atRest, levels };
  } finally {
    await Promise.allSettled(loads.map((load) => load.finish()));
    await server.running.stop();
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

function rows(measured: readonly Measured[]): Table {
  return {
    title: "Memory and CPU",
    head: [
      "server",
      "connections",
      "RSS MB",
      "KB each, RSS",
      "anonymous",
      "KB each added",
      "KB each at once",
      "CPU of a core",
    ],
    rows: measured.flatMap(({ name, atRest, levels }) => [
      [name, "0", count(atRest.rss / 2 ** 20), "", "", "", "", ""],
      ...levels.map((level) => [
        name,
        count(level.connections),
        count(level.memory.rss / 2 ** 20),
        kilobytes(level.rssPerConnection),
        kilobytes(level.anonymousPerConnection),
        kilobytes(level.rssPerAdded),
        kilobytes(level.rssAtOnce),
        `${(100 * level.cpu).toFixed(1)} %`,
      ]),
    ]),
  };
}

function targets(own: Measured | undefined): Target[] {
  const memory = (own?.levels ?? []).map((level) =>
    target(
      `idle, memory of one of ${count(level.connections)} connections`,
      "at most 5 KB",
      level.rssPerConnection,
      (bytes) => `${kilobytes(bytes)} KB`,
      (bytes) => bytes <= 5 * 1024,
    )
  );
  const ten = own?.levels.find(({ connections }) => connections === 10_000);
  return [
    ...memory,
    target(
      "idle, CPU at 10,000 connections",
      "under 1 % of a core",
      ten?.cpu,
      (cpu) => `${(100 * cpu).toFixed(1)} %`,
      (cpu) => cpu < 0.01,
    ),
  ];
}

function summary({ name, levels }: Measured): string {
  const each = levels.map((level) =>
    `${kilobytes(level.rssPerConnection)} KB each at ${count(level.connections)}`
  );
  return `${name} ${each.join(", ")}`;
}
