import { type Broker, startBroker } from "../../testing/rabbitmq.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { Gate } from "../../testing/gate.ts";
import { freePort } from "../../testing/ports.ts";
import { until } from "../../testing/bounded.ts";
import { makeKey } from "../../testing/tokens.ts";
import { CountingClient } from "./client.ts";
import { ConfirmedPublisher } from "./publisher.ts";

/** Where the processes take events from. */
export type SourceKind = "queue" | "stream";

export const SOURCES: readonly SourceKind[] = ["queue", "stream"];

const USERS = Array.from({ length: 10 }, (_, at) => `ID${at}`);
const PROCESSES = 2;
/** Seconds in which a process closes its clients when it ends. */
const DRAIN_SECONDS = 2;

/** Two processes with the same source, their clients, and the path that leads them to the broker. */
export interface Side {
  readonly source: SourceKind;
  readonly gate: Gate;
  readonly processes: RangerProcess[];
  readonly clients: readonly CountingClient[];
  /** Starts a process of this side again, on the port that it had. */
  start(at: number): Promise<RangerProcess>;
}

/** A broker and an exchange, with clients of both kinds at processes with both kinds of source. */
export interface World {
  readonly broker: Broker;
  readonly publisher: ConfirmedPublisher;
  readonly sides: readonly Side[];
}

/**
 * Starts everything, and waits until each client has received private events.
 *
 * @param rate private events a second
 */
export async function startWorld(started: AsyncDisposableStack, rate: number): Promise<World> {
  const broker = await startBroker();
  started.defer(() => broker.stop());
  const key = await makeKey();
  const exchange = "ranger.losses";
  const sides: Side[] = [];
  for (const source of SOURCES) {
    const gate = started.use(new Gate(broker.url));
    await gate.open();
    const ports = Array.from({ length: PROCESSES }, () => freePort());
    const start = async (at: number): Promise<RangerProcess> => {
      const ranger = await startRanger({
        args: [
          ...["--amqp-url", gate.url, "--exchange", exchange],
          ...["--jwt-public-key", key.publicPem, `--port=${ports[at]}`],
          `--drain-seconds=${DRAIN_SECONDS}`,
          ...(source === "stream" ? [`--amqp-stream=${exchange}`] : []),
        ],
      });
      await ranger.ready();
      return ranger;
    };
    const processes: RangerProcess[] = [];
    started.defer(async () => {
      await Promise.all(processes.map((process) => process.stop()));
    });
    for (const at of ports.keys()) processes.push(await start(at));
    const urls = ports.map((port) => `ws://127.0.0.1:${port}/private`);
    const clients: CountingClient[] = [];
    for (const [at, user] of USERS.entries()) {
      const token = await key.token({ uid: user });
      for (const kind of ["cursors", "plain"] as const) {
        clients.push(started.use(new CountingClient({ kind, urls, user, token }, at)));
      }
    }
    sides.push({ source, gate, processes, clients, start });
  }
  const all = sides.flatMap(({ clients }) => clients);
  await until(
    () => all.every(({ connections }) => connections > 0) || undefined,
    "all clients to be connected",
  );
  const publisher = started.use(new ConfirmedPublisher(broker.url, exchange, USERS, rate));
  await until(
    () => all.every(({ received }) => received.length > 5) || undefined,
    "each client to receive private events",
  );
  return { broker, publisher, sides };
}
