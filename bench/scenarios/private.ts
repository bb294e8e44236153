import { count, ms, percent, type Table } from "../harness/format.ts";
import { cpuSeconds } from "../harness/proc.ts";
import { Program } from "../harness/process.ts";
import { publishReport, startPublisher } from "../harness/publisher.ts";
import { type Server, startServer } from "../harness/server.ts";
import { fedStep, isOrderly, type Step } from "../harness/step.ts";
import { type Traffic, usersOwn } from "../harness/traffic.ts";
import { root } from "../harness/build.ts";
import type { FedPeer } from "../peers/peer.ts";
import { median, type Outcome, type Run, type Scenario, type Target, target } from "./scenario.ts";

const CONNECTIONS = 5_000;
const PUBLISHED = 1_000_000;
const FEW = 2_000;
const MANY = 20_000;

/** The results of one load, one for each repetition. */
interface Load {
  readonly name: string;
  /** Events a second. */
  readonly rate: number;
  readonly steps: readonly Step[];
}

/** CPU of one event, in microseconds of the process. */
interface Cost {
  readonly ranger: number;
  /** Of a process that only takes the same events from the broker, by the same client. */
  readonly client: number | undefined;
}

/** Users' own events: each goes to one connection, or to nobody. */
export const privateStreams: Scenario = {
  name: "private",
  about: `${count(CONNECTIONS)} authenticated users with order and trade, events spread evenly; ` +
    `and the same with ${count(PUBLISHED)} users published of whom ${
      count(CONNECTIONS)
    } are connected`,
  async run(run) {
    const peer = run.peers.find(({ name }) => name === "ranger");
    if (peer?.source !== "fed") return nothing();
    const { keys } = run.place;
    const own = usersOwn(CONNECTIONS, CONNECTIONS, await keys.tokens(CONNECTIONS, 1));
    const every = PUBLISHED / CONNECTIONS;
    const among = usersOwn(CONNECTIONS, PUBLISHED, await keys.tokens(CONNECTIONS, every));
    const server = await startServer(peer, run.place);
    try {
      const few = await repeat(`${count(FEW)} events/s`, run, peer, server, own, FEW);
      const many = await repeat(`${count(MANY)} events/s`, run, peer, server, own, MANY);
      const most = await repeat(
        `${count(MANY)} events/s, most to nobody`,
        run,
        peer,
        server,
        among,
        MANY,
      );
      const cost = {
        ranger: median(most.steps.map((step) => step.cpuPerEvent)),
        client: await clientCost(run, among),
      };
      return outcome([few, many, most], cost);
    } finally {
      await server.running.stop();
    }
  },
};

async function repeat(
  name: string,
  { place, effort, say }: Run,
  peer: FedPeer,
  server: Server,
  traffic: Traffic,
  rate: number,
): Promise<Load> {
  const { warmup, seconds } = effort;
  const steps: Step[] = [];
  while (steps.length < effort.rounds) {
    const options = { traffic, rate, warmup, seconds, p99Limit: 50, sample: 1 };
    const step = await fedStep(peer, server, place, options);
    steps.push(step);
    const why = step.why.length > 0 ? `; ${step.why.join(", ")}` : "";
    say(
      `  ${name}: p50 ${ms(step.p50)} ms, p99 ${ms(step.p99)} ms, server ${
        percent(step.serverCpu)
      }${why}`,
    );
  }
  return { name, rate, steps };
}

/** What taking the events from the broker costs by itself: the same client, and nothing behind it. */
async function clientCost(
  { place, effort, say }: Run,
  traffic: Traffic,
): Promise<number | undefined> {
  const { amqpUrl, exchange, serverCore, loadCore, tools } = place;
  const script = `${root}bench/peers/consume_only.ts`;
  const consumer = Program.start(
    [Deno.execPath(), "run", "-A", script, amqpUrl, exchange],
    { core: serverCore, cwd: root },
  );
  const cost = async () => {
    const publisher = startPublisher({
      publish: tools.publish,
      address: amqpUrl,
      exchange,
      traffic,
      rate: MANY,
      seconds: effort.warmup + effort.seconds,
      from: 1,
      core: loadCore,
    });
    await publisher.line("ready");
    const before = cpuSeconds(consumer.pid);
    await publisher.say("go\n");
    const { published } = await publishReport(publisher);
    return 1e6 * (await atRest(consumer.pid) - before) / published;
  };
  try {
    await consumer.line("consuming");
    await cost(); // its code is compiled meanwhile
    const microseconds = await cost();
    say(`  the broker's client alone: ${microseconds.toFixed(1)} µs an event`);
    return microseconds;
  } finally {
    await consumer.stop();
  }
}

/** CPU seconds of a process once it uses no more. */
async function atRest(pid: number): Promise<number> {
  for (let last = cpuSeconds(pid);;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = cpuSeconds(pid);
    if (now - last < 0.02) return now;
    last = now;
  }
}

function outcome(loads: readonly Load[], cost: Cost): Outcome {
  return {
    name: privateStreams.name,
    about: privateStreams.about,
    figures: { loads, microsecondsPerUnconnectedEvent: cost },
    tables: [rows(loads), {
      title: "CPU of an event that nobody is connected for",
      head: ["", "µs of CPU"],
      rows: [
        ["server, all included", cost.ranger.toFixed(1)],
        ["the broker's client alone, in a separate process", cost.client?.toFixed(1) ?? ""],
      ],
    }],
    notes: [],
    summary: loads.map((load) => `${load.name}: p99 ${ms(middle(load).p99)} ms`).join("; ") +
      `; an event for nobody ${cost.ranger.toFixed(1)} µs, of which the broker's client ` +
      `${cost.client?.toFixed(1) ?? "?"} µs`,
    targets: targets(loads, cost),
    integrity: loads.every(({ steps }) => steps.every(isOrderly)),
  };
}

/** The step whose p99 is the middle one. */
function middle({ steps }: Load): Step {
  const p99 = median(steps.map((step) => step.p99));
  return steps.find((step) => step.p99 === p99)!;
}

function targets(loads: readonly Load[], { ranger, client }: Cost): Target[] {
  return [
    ...loads.map((load) => {
      const { p99, why } = middle(load);
      const limit = load.rate < MANY ? 5 : 50;
      const others = why.filter((reason) => !reason.startsWith("p99"));
      return {
        what: `private, p99 at ${load.name}`,
        wanted: `under ${limit} ms`,
        reached: [`${ms(p99)} ms`, ...others].join(", "),
        met: p99 < limit && others.length === 0,
      };
    }),
    target(
      "private, CPU of an event that nobody is connected for",
      "under 10 µs, the broker's client included",
      ranger,
      (x) => `${x.toFixed(1)} µs, of which ${client?.toFixed(1) ?? "?"} the client`,
      (x) => x < 10,
    ),
  ];
}

function rows(loads: readonly Load[]): Table {
  return {
    title: "Latency from publish to client, each round",
    head: [
      "load",
      "round",
      "frames/s",
      "p50 ms",
      "p99 ms",
      "max ms",
      "server's core",
      "load's core",
      "verdict",
    ],
    rows: loads.flatMap(({ name, steps }) =>
      steps.map((step, round) => [
        name,
        `${round + 1}`,
        count(step.framesPerSecond),
        ms(step.p50),
        ms(step.p99),
        ms(step.max),
        percent(step.serverCpu),
        percent(step.loadCore),
        step.why.join(", ") || "holds",
      ])
    ),
  };
}

function nothing(): Outcome {
  const { name, about } = privateStreams;
  return {
    name,
    about,
    figures: {},
    tables: [],
    notes: [],
    summary: "only Ranger has private streams",
    targets: [],
    integrity: true,
  };
}
