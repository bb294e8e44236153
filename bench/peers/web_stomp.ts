import { freePort } from "../../testing/ports.ts";
import { type Broker, findRabbitmq, startBroker } from "../../testing/rabbitmq.ts";
import type { Running } from "../harness/process.ts";
import { willStop } from "../harness/process.ts";
import type { FedPeer } from "./peer.ts";

/** RabbitMQ's own WebSocket listener: a broker on the server's core, each client with its own queues. */
export const webStomp: FedPeer = {
  name: "web-stomp",
  about: "RabbitMQ's Web STOMP plugin, in a second broker",
  scenarios: ["hot"],
  source: "fed",
  unavailable: async () => {
    const script = findRabbitmq();
    if (script === undefined) return "RabbitMQ is not installed";
    return await hasPlugin(script) ? undefined : "this RabbitMQ comes without rabbitmq_web_stomp";
  },
  path: (streams) => `/ws?stream=${streams.map((stream) => `public.${stream}`).join(",")}`,
  flags: ({ exchange }) => ["--stomp", exchange],
  nameOf: (key) => key,
  async start({ serverCore, exchange }, port) {
    const broker = await startBroker();
    const running = willStop(new RunningBroker(broker));
    try {
      // The broker inherited this process' core.
      await pin(broker.pid, serverCore);
      await broker.ctl("eval", enable(port, freePort()));
      // Subscribing to an exchange does not make one.
      await broker.ctl("eval", declare(exchange));
    } catch (error) {
      await running.stop();
      throw error;
    }
    return { running, feed: broker.url };
  },
};

class RunningBroker implements Running {
  readonly pid: number;
  readonly ended: Promise<void>;
  #end: () => void = () => {};

  constructor(private readonly broker: Broker) {
    this.pid = broker.pid;
    this.ended = new Promise((resolve) => this.#end = resolve);
  }

  complaint(): string {
    return this.broker.log().split("\n").slice(-5).join(" / ");
  }

  async stop(): Promise<void> {
    await this.broker.stop();
    this.#end();
  }
}

async function hasPlugin(script: string): Promise<boolean> {
  const real = await Deno.realPath(script);
  for (const folder of [`${real}/../../plugins`, ...await versions()]) {
    try {
      for await (const entry of Deno.readDir(folder)) {
        if (entry.name.startsWith("rabbitmq_web_stomp-")) return true;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  }
  return false;
}

/** Debian's: one folder a version. */
async function versions(): Promise<string[]> {
  const lib = "/usr/lib/rabbitmq/lib";
  try {
    return (await Array.fromAsync(Deno.readDir(lib))).map(({ name }) => `${lib}/${name}/plugins`);
  } catch {
    return [];
  }
}

async function pin(pid: number, core: number): Promise<void> {
  const args = ["-a", "-c", "-p", String(core), String(pid)];
  const { success, stderr } = await new Deno.Command("taskset", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** Erlang: what `rabbitmq-plugins enable` does, with the listeners where they are wanted. */
function enable(port: number, stompPort: number): string {
  return `ok = application:load(rabbitmq_web_stomp), ok = application:load(rabbitmq_stomp),
application:set_env(rabbitmq_web_stomp, tcp_config, [{ip, {127,0,0,1}}, {port, ${port}}, {backlog, 4096}, {nodelay, true}]),
application:set_env(rabbitmq_stomp, tcp_listeners, [{"127.0.0.1", ${stompPort}}]),
File = rabbit_plugins:enabled_plugins_file(),
ok = file:write_file(File, "[rabbitmq_web_stomp].\\n"),
{ok, _, _} = rabbit_plugins:ensure(File), ok.`;
}

function declare(exchange: string): string {
  return `rabbit_exchange:declare(rabbit_misc:r(<<"/">>, exchange, <<"${exchange}">>), topic, false, false, false, [], <<"bench">>), ok.`;
}
