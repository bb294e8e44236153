/**
 * The benchmark: starts a RabbitMQ, the servers one after the other, and the load; prints tables,
 * writes `bench/results/`, and leaves nothing running. `deno task bench --help` says how to call it.
 */
import { startBroker } from "../tests/support/rabbitmq.ts";
import { buildTools, root } from "./harness/build.ts";
import { describeMachine, type Machine } from "./harness/machine.ts";
import { named, type Options, readOptions, USAGE } from "./harness/options.ts";
import { stopAll } from "./harness/process.ts";
import type { Place } from "./peers/peer.ts";
import { peers } from "./peers/peers.ts";
import type { Outcome } from "./scenarios/scenario.ts";
import { scenarios } from "./scenarios/scenarios.ts";

const EXCHANGE = "peatio.events.ranger";

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = {
    scenarios: named(scenarios, options.scenarios),
    peers: named(peers, options.peers),
  };
  pinThisProcess(options.loadCore);
  const tools = await buildTools();
  const machine = await describeMachine();
  const begin = new Date();
  const starting = startBroker();
  let left: Promise<void> | undefined;
  const leave = () =>
    left ??= stopAll().then(() => starting).then((broker) => broker.stop(), () => {});
  const interrupted = () => leave().finally(() => Deno.exit(130));
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const broker = await starting;
    const rabbitmq = /Starting RabbitMQ (\S+ on Erlang \S+)/.exec(broker.log())?.[1] ?? "";
    for (const line of heading(machine, rabbitmq, options)) console.log(line);
    const place: Place = {
      tools,
      amqpUrl: broker.url,
      exchange: EXCHANGE,
      brokerPid: broker.pid,
      serverCore: options.serverCore,
      loadCore: options.loadCore,
      binary: options.binary,
    };
    const outcomes: Outcome[] = [];
    const able = await availablePeers(chosen.peers, place);
    for (const scenario of chosen.scenarios) {
      console.log(`\n${scenario.name}: ${scenario.about}`);
      const run = { place, effort: options.effort, peers: able, say: console.error };
      const outcome = await scenario.run(run);
      for (const line of ["", ...outcome.table]) console.log(line);
      outcomes.push(outcome);
    }
    const file = await write(begin, { ...machine, rabbitmq }, options, outcomes);
    console.log(`\nfigures: ${file.slice(root.length)}`);
    for (const { name, summary } of outcomes) console.log(`${name}: ${summary}`);
    if (outcomes.every((outcome) => outcome.integrity)) return 0;
    console.error("bench: a server broke the protocol or the order of a stream: see violations");
    return 1;
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

async function availablePeers(chosen: typeof peers, place: Place): Promise<typeof peers> {
  const reasons = await Promise.all(chosen.map((peer) => peer.unavailable(place)));
  chosen.forEach((peer, i) => {
    if (reasons[i] !== undefined) console.log(`left out: ${peer.name}: ${reasons[i]}`);
  });
  return chosen.filter((_, i) => reasons[i] === undefined);
}

function heading(machine: Machine, rabbitmq: string, options: Options): string[] {
  const { cpu, cores, memoryGB, kernel, openFiles, deno, v8, ranger, cc } = machine;
  return [
    `command   deno task bench ${Deno.args.join(" ")}`.trimEnd(),
    `machine   ${cpu}, ${cores} cores, ${memoryGB} GB, Linux ${kernel}, ${openFiles} open files`,
    `versions  ranger ${
      options.binary ?? ranger
    }, Deno ${deno} (V8 ${v8}), RabbitMQ ${rabbitmq}, ${cc}`,
    `cores     ${options.serverCore} the server; ${options.loadCore} RabbitMQ, publisher and load generator`,
  ];
}

async function write(
  begin: Date,
  machine: Machine & { readonly rabbitmq: string },
  options: Options,
  outcomes: readonly Outcome[],
): Promise<string> {
  const folder = `${root}bench/results`;
  await Deno.mkdir(folder, { recursive: true });
  const file = `${folder}/${begin.toISOString().replace(/[:.]/g, "-")}.json`;
  const result = {
    at: begin.toISOString(),
    seconds: Math.round((Date.now() - begin.getTime()) / 1000),
    command: ["deno", "task", "bench", ...Deno.args],
    machine,
    effort: options.effort,
    scenarios: Object.fromEntries(
      outcomes.map(({ name, about, summary, integrity, figures }) => [
        name,
        { about, summary, integrity, figures },
      ]),
    ),
  };
  await Deno.writeTextFile(file, JSON.stringify(result, null, 2) + "\n");
  return file;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`bench: ${error.message}`);
  if (error instanceof TypeError) console.error("Try: deno task bench --help");
  Deno.exitCode = error instanceof TypeError ? 2 : 1;
}
