import { setTimeout as pause } from "node:timers/promises";
import type { World } from "./world.ts";

/** Something that happens in production. */
export interface Fault {
  readonly name: string;
  /** Whether processes stay and connect to the broker again. */
  readonly reconnects: boolean;
  /** Makes it happen; resolves when it is over. */
  happen(world: World): Promise<void>;
}

const AWAY_MS = 10_000;
const STALL_MS = 90_000;
/** RabbitMQ 3.10 loses a stream for good when it is killed within seconds of its first declaration. */
const STREAM_SETTLES_MS = 20_000;

/** In the order of the table. */
export const FAULTS: readonly Fault[] = [
  {
    name: "an operator closes the connections",
    reconnects: true,
    async happen({ broker }) {
      const rows = await broker.ctl("list_connections", "pid", "client_properties");
      const pids = rows.split("\n").filter((row) => row.includes("ranger "));
      for (const row of pids) await broker.ctl("close_connection", row.split("\t")[0]!, "measured");
    },
  },
  {
    name: "RabbitMQ restarts",
    reconnects: true,
    happen: ({ broker }) => broker.restart(),
  },
  {
    name: "RabbitMQ is killed, and away for 10 s",
    reconnects: true,
    async happen({ broker }) {
      await pause(STREAM_SETTLES_MS);
      await broker.kill();
      await pause(AWAY_MS);
      await broker.restart();
    },
  },
  {
    name: "the path to RabbitMQ is cut for 10 s",
    reconnects: true,
    async happen({ sides }) {
      await Promise.all(sides.map(({ gate }) => gate.shut()));
      await pause(AWAY_MS);
      await Promise.all(sides.map(({ gate }) => gate.open()));
    },
  },
  {
    name: "the path to RabbitMQ stalls for 90 s",
    reconnects: true,
    async happen({ sides }) {
      for (const { gate } of sides) gate.stall();
      await pause(STALL_MS);
      for (const { gate } of sides) gate.flow();
    },
  },
  {
    name: "two processes restart, one after the other",
    reconnects: false,
    async happen({ sides }) {
      await Promise.all(sides.map(async ({ processes, start }) => {
        for (const at of processes.keys()) {
          await processes[at]!.stop();
          processes[at] = await start(at);
        }
      }));
    },
  },
];
