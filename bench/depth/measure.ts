import { setTimeout as pause } from "node:timers/promises";
import { amqp } from "../../testing/amqp.ts";
import { startBroker } from "../../testing/rabbitmq.ts";
import { count, ms, percent, type Table } from "../harness/format.ts";
import { startPinnedRanger } from "../harness/pinned_ranger.ts";
import { cpuSeconds } from "../harness/proc.ts";
import { bystanderP99 } from "../hostile/bystander.ts";
import { SoakMarket } from "../soak/market.ts";
import { CountingConnection } from "./client.ts";

/** What is asked for. */
export interface DepthOptions {
  /** Clients that show the best levels. */
  readonly clients: number;
  /** Seconds that each load is measured for. */
  readonly seconds: number;
  /** Events of order books a second, all markets together. */
  readonly rate: number;
}

const EXCHANGE = "ranger.depth";
const MARKETS = 20;
/** Clients that keep whole books. */
const BOOK_KEEPERS = 500;
/** Connections that are opened at once. */
const AT_ONCE = 100;
/** Milliseconds between two handfuls of events. */
const TICK_MS = 20;
/** Milliseconds in which initial states are sent. */
const SETTLES_MS = 2_000;

/** The stream of a market that clients of a load subscribe to. */
const LOADS = [
  { name: "500 with increments", stream: undefined },
  { name: "and the others with depth-20", stream: "depth-20" },
  { name: "and the others with increments", stream: "ob-inc" },
] as const;

/**
 * Measures each load on one server, with the same exchange.
 *
 * @param say for progress
 * @returns the table, and how many clients lost their connections
 */
export async function measureDepth(
  options: DepthOptions,
  say: (line: string) => void,
): Promise<{ readonly table: Table; readonly lost: number }> {
  await using started = new AsyncDisposableStack();
  const broker = await startBroker();
  started.defer(() => broker.stop());
  const ranger = started.use(
    await startPinnedRanger(["--no-auth", "--amqp-url", broker.url, "--exchange", EXCHANGE]),
  );
  let stopped = false;
  const publishing = publish(broker.url, options.rate, () => stopped);
  started.defer(async () => {
    stopped = true;
    await publishing;
  });
  const rows: string[][] = [];
  let lost = 0;
  for (const { name, stream } of LOADS) {
    const connections: CountingConnection[] = [];
    const open = async (number: number, event: string) => {
      for (let at = 0; at < number; at += AT_ONCE) {
        connections.push(
          ...await Promise.all(
            Array.from(
              { length: Math.min(AT_ONCE, number - at) },
              (_, more) =>
                CountingConnection.open(
                  ranger.port,
                  `/public?stream=m${(at + more) % MARKETS}.${event}`,
                ),
            ),
          ),
        );
      }
    };
    await open(BOOK_KEEPERS, "ob-inc");
    if (stream !== undefined) await open(options.clients, stream);
    await pause(SETTLES_MS);
    const [cpu, bytes, began] = [cpuSeconds(ranger.pid), total(connections), performance.now()];
    const p99 = await bystanderP99(ranger.port, options.seconds);
    if (p99 === undefined) throw new Error("the server did not let the bystander in");
    const seconds = (performance.now() - began) / 1000;
    const share = (cpuSeconds(ranger.pid) - cpu) / seconds;
    const rate = (total(connections) - bytes) / seconds;
    rows.push([
      name,
      count(connections.length),
      percent(share),
      count(rate / 1024),
      count(rate / connections.length),
      ms(p99),
    ]);
    say(rows.at(-1)!.join(" | "));
    lost += connections.filter(({ isLost }) => isLost).length;
    for (const connection of connections) connection[Symbol.dispose]();
  }
  return {
    table: {
      title: `${count(options.rate)} events/s of ${MARKETS} order books`,
      head: [
        "clients",
        "connections",
        "server's core",
        "KiB/s sent",
        "bytes/s per client",
        "a ping's p99, ms",
      ],
      rows,
    },
    lost,
  };
}

function total(connections: readonly CountingConnection[]): number {
  return connections.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function publish(url: string, rate: number, isOver: () => boolean): Promise<void> {
  const { client, channel } = await amqp(url);
  const markets = Array.from({ length: MARKETS }, (_, at) => new SoakMarket(`m${at}`));
  const began = performance.now();
  for (let events = 0; !isOver();) {
    const sent: Promise<unknown>[] = [];
    for (; events < (performance.now() - began) / 1000 * rate; events++) {
      const [key, body] = markets[events % MARKETS]!.bookEvent();
      sent.push(channel.basicPublish(EXCHANGE, key, body));
    }
    await Promise.all([pause(TICK_MS), ...sent]);
  }
  await client.close();
}
