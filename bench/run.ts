/**
 * The benchmark: starts a RabbitMQ, the servers one after the other, and the load; prints tables,
 * writes `bench/results/` and `docs/benchmarks.md`, and leaves nothing running.
 * `deno task bench --help` says how to call it.
 */
import { root } from "./harness/build.ts";
import { document, targetTable } from "./harness/document.ts";
import { plainTable } from "./harness/format.ts";
import { describeMachine, type Machine } from "./harness/machine.ts";
import { named, type Options, readOptions, USAGE } from "./harness/options.ts";
import { availablePeers, type Prepared, withPlace } from "./harness/place.ts";
import type { FedPeer, SelfFedPeer } from "./peers/peer.ts";
import { peers } from "./peers/peers.ts";
import type { Outcome } from "./scenarios/scenario.ts";
import { scenarios } from "./scenarios/scenarios.ts";

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  named(scenarios, options.scenarios);
  named(peers, options.peers);
  return await withPlace(options, (prepared) => measure(options, prepared));
}

async function measure(options: Options, { place, rabbitmq }: Prepared): Promise<number> {
  const begin = new Date();
  const setting = describe(await describeMachine(), rabbitmq, options);
  for (const [name, text] of setting) console.log(`${name.padEnd(10)}${text}`);
  const leftOut: string[] = [];
  const able = await availablePeers(named(peers, options.peers), place, (line) => {
    leftOut.push(line);
    console.log(line);
  });
  const outcomes: Outcome[] = [];
  for (const scenario of named(scenarios, options.scenarios)) {
    const taking = able.filter((peer) => peer.scenarios.includes(scenario.name));
    if (taking.length === 0) continue;
    console.log(`\n${scenario.name}: ${scenario.about}`);
    const say = (line: string) => {
      if (line.startsWith("  left out: ")) leftOut.push(`${line.trim()} (${scenario.name})`);
      console.error(line);
    };
    const outcome = await scenario.run({ place, effort: options.effort, peers: taking, say });
    for (const table of outcome.tables) console.log(`\n${plainTable(table).join("\n")}`);
    for (const note of outcome.notes) console.log(`\n${note}`);
    outcomes.push(outcome);
  }
  const file = await writeFigures(begin, setting, options, outcomes);
  if (options.report !== undefined) {
    const servers = await Promise.all(able.map(introduce));
    const seconds = (Date.now() - begin.getTime()) / 1000;
    const text = document({
      command: command(),
      day: begin.toISOString().slice(0, 10),
      minutes: Math.round(seconds / 60),
      setting,
      servers,
      leftOut,
      rounds: options.effort.rounds,
    }, outcomes);
    await writeDocument(options.report, text);
  }
  console.log(`\nfigures: ${file.slice(root.length)}`);
  for (const { name, summary } of outcomes) console.log(`${name}: ${summary}`);
  console.log(`\n${plainTable(targetTable(outcomes)).join("\n")}`);
  if (outcomes.every((outcome) => outcome.integrity)) return 0;
  console.error("bench: a server broke the protocol or the order of a stream: see violations");
  return 1;
}

function command(): string {
  return `deno task bench ${Deno.args.join(" ")}`.trimEnd();
}

function describe(machine: Machine, rabbitmq: string, options: Options): [string, string][] {
  const { cpu, cores, memoryGB, kernel, openFiles, deno, v8, ranger, cc } = machine;
  const { serverCore, loadCore } = options;
  return [
    ["command", command()],
    ["machine", `${cpu}, ${cores} cores, ${memoryGB} GB, Linux ${kernel}, ${openFiles} open files`],
    [
      "versions",
      `ranger ${options.binary ?? ranger}, Deno ${deno} (V8 ${v8}), RabbitMQ ${rabbitmq}, ${cc}`,
    ],
    ["cores", `${serverCore} the server; ${loadCore} RabbitMQ, publisher and load generator`],
  ];
}

async function introduce(
  peer: FedPeer | SelfFedPeer,
): Promise<readonly [string, string, string]> {
  const version = await peer.version?.() ?? "";
  return [peer.name, peer.about, version.replace(/^.*(version|nats-server): */, "")];
}

async function writeFigures(
  begin: Date,
  setting: readonly (readonly [string, string])[],
  options: Options,
  outcomes: readonly Outcome[],
): Promise<string> {
  const folder = `${root}bench/results`;
  await Deno.mkdir(folder, { recursive: true });
  const file = `${folder}/${begin.toISOString().replace(/[:.]/g, "-")}.json`;
  const result = {
    at: begin.toISOString(),
    seconds: Math.round((Date.now() - begin.getTime()) / 1000),
    ...Object.fromEntries(setting),
    effort: options.effort,
    scenarios: Object.fromEntries(
      outcomes.map(({ name, about, summary, integrity, targets, figures }) => [
        name,
        { about, summary, integrity, targets, figures },
      ]),
    ),
  };
  await Deno.writeTextFile(file, JSON.stringify(result, null, 2) + "\n");
  return file;
}

async function writeDocument(file: string, text: string): Promise<void> {
  await Deno.writeTextFile(file, text);
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--config", `${root}deno.json`, file],
  }).output();
  console.log(`\ndocument: ${file}`);
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`bench: ${error.message}`);
  if (error instanceof TypeError) console.error("Try: deno task bench --help");
  Deno.exitCode = error instanceof TypeError ? 2 : 1;
}
