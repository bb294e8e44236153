import { startBroker } from "../../testing/rabbitmq.ts";
import type { FedPeer, Place, SelfFedPeer } from "../peers/peer.ts";
import { buildTools } from "./build.ts";
import { makeKeys } from "./keys.ts";
import { stopAll } from "./process.ts";

const EXCHANGE = "peatio.events.ranger";

/** What a run is asked for beside its scenarios. */
export interface PlaceOptions {
  readonly serverCore: number;
  readonly loadCore: number;
  readonly binary: string | undefined;
}

/** The machine of the run, and what its document says about the broker. */
export interface Prepared {
  readonly place: Place;
  /** `3.10.8 on Erlang 25.2.3` */
  readonly rabbitmq: string;
}

/**
 * Pins this process to the load's core, builds the tools, starts a broker, does the work, and
 * stops everything that was started, however the work ends; a signal ends the process.
 */
export async function withPlace<T>(
  { serverCore, loadCore, binary }: PlaceOptions,
  work: (prepared: Prepared) => Promise<T>,
): Promise<T> {
  pinThisProcess(loadCore);
  const tools = await buildTools();
  const folder = await Deno.makeTempDir({ prefix: "ranger-bench-" });
  const starting = startBroker();
  let left: Promise<void> | undefined;
  const leave = () =>
    left ??= stopAll()
      .then(() => starting).then((broker) => broker.stop(), () => {})
      .then(() => Deno.remove(folder, { recursive: true }));
  const interrupted = () => leave().finally(() => Deno.exit(130));
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const broker = await starting;
    return await work({
      rabbitmq: /Starting RabbitMQ (\S+ on Erlang \S+)/.exec(broker.log())?.[1] ?? "",
      place: {
        tools,
        amqpUrl: broker.url,
        exchange: EXCHANGE,
        brokerPid: broker.pid,
        serverCore,
        loadCore,
        folder,
        keys: await makeKeys(folder),
        openFiles: await hardLimit(),
        binary,
      },
    });
  } finally {
    await leave();
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
  }
}

/** Everything started from here on inherits the core, the broker too; servers are pinned elsewhere. */
function pinThisProcess(core: number): void {
  const { success, stderr } = new Deno.Command("taskset", {
    args: ["-a", "-c", "-p", String(core), String(Deno.pid)],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** Files that one process may have open; what is started raises its own limit to it. */
async function hardLimit(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -Hn"] }).output();
  return Number(new TextDecoder().decode(stdout)) || 2 ** 20;
}

/** Those that can be measured here; of each other one, a line says why it is left out. */
export async function availablePeers(
  chosen: readonly (FedPeer | SelfFedPeer)[],
  place: Place,
  tell: (line: string) => void,
): Promise<(FedPeer | SelfFedPeer)[]> {
  const reasons = await Promise.all(chosen.map((peer) => peer.unavailable(place)));
  chosen.forEach((peer, i) => {
    if (reasons[i] !== undefined) tell(`left out: ${peer.name}: ${reasons[i]}`);
  });
  return chosen.filter((_, i) => reasons[i] === undefined);
}
