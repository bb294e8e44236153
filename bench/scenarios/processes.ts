import { count, ms, percent, type Table } from "../harness/format.ts";
import { startServer } from "../harness/server.ts";
import { fedStep, isOrderly, type Step } from "../harness/step.ts";
import { twentyMarkets } from "../harness/traffic.ts";
import type { FedPeer } from "../peers/peer.ts";
import { ranger } from "../peers/ranger.ts";
import { rangerProcesses } from "../peers/ranger_processes.ts";
import { median, type Run, type Scenario } from "./scenario.ts";

/** Frames a second that one process is asked for, and two. */
const SHARED = 200_000;
const CONNECTIONS = 1_000;
/** Events a second that a process receives independent of its connections, and their number. */
const EVENTS = 16_000;
const PARTS = [1_000, 500, 250, 125];

interface Measured {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The step in the middle by CPU. */
  readonly middle: Step;
}

/** What a second process on the same port brings, and what more would. */
export const processes: Scenario = {
  name: "processes",
  about:
    `${count(CONNECTIONS)} connections with the markets' events at ${count(SHARED)} frames a ` +
    "second, by one process and by two on one port, of which the second shares its core with " +
    `broker, publisher and load generator; and one process at ${count(EVENTS)} events a second, ` +
    "whatever part of the connections it has",
  async run(run) {
    const { serverCore, loadCore } = run.place;
    const all = twentyMarkets(CONNECTIONS);
    const both = rangerProcesses(() => [serverCore, loadCore]);
    const one = await measure("one process", ranger, all, SHARED / all.fanOut, run);
    const two = await measure("two processes", both, all, SHARED / all.fanOut, run);
    const parts: Measured[] = [];
    for (const connections of PARTS) {
      const name = `one, ${count(connections)} connections`;
      parts.push(await measure(name, ranger, twentyMarkets(connections), EVENTS, run));
    }
    const [whole, , , eighth] = parts.map(({ middle }) => middle.serverCpu);
    return {
      name: processes.name,
      about: processes.about,
      figures: { one, two, parts },
      tables: [
        stepTable("At the same rate of frames", [one, two]),
        stepTable(`At ${count(EVENTS)} events a second`, parts),
      ],
      notes: [
        "Each process takes all events from the broker and delivers to its own connections, so " +
        "more processes serve more connections, each as many as one does alone; what a process " +
        "pays for events does not depend on the connections. Eight cores hold eight times the " +
        "connections of one at the same rate of events, if the broker can deliver each event " +
        "eight times. A process that is not busy writes sooner and therefore more often: CPU does " +
        "not fall with the connections as the work does.",
      ],
      summary: `one process ${percent(one.middle.serverCpu)}, two ${
        percent(two.middle.serverCpu)
      } together; at ${count(EVENTS)} events a second ${percent(whole!)} with ${
        count(PARTS[0]!)
      } connections, ${percent(eighth!)} with ${count(PARTS[3]!)}`,
      targets: [],
      integrity: [one, two, ...parts].every(({ steps }) => steps.every(isOrderly)),
    };
  },
};

async function measure(
  name: string,
  peer: FedPeer,
  traffic: ReturnType<typeof twentyMarkets>,
  rate: number,
  { place, effort, say }: Run,
): Promise<Measured> {
  const { warmup, seconds } = effort;
  const server = await startServer(peer, place);
  const options = { traffic, rate: Math.round(rate), warmup, seconds, p99Limit: 200 };
  const steps: Step[] = [];
  try {
    while (steps.length < effort.rounds) steps.push(await fedStep(peer, server, place, options));
  } finally {
    await server.running.stop();
  }
  const cpu = median(steps.map((step) => step.serverCpu));
  const middle = steps.find((step) => step.serverCpu === cpu)!;
  say(`  ${name}: server ${percent(cpu)}, p99 ${ms(middle.p99)} ms`);
  return { name, steps, middle };
}

function stepTable(title: string, measured: readonly Measured[]): Table {
  return {
    title,
    head: [
      ...["server", "frames/s", "CPU of the server's processes", "frames per CPU second"],
      ...["generator's core share", "p50 ms", "p99 ms", "verdict"],
    ],
    rows: measured.map(({ name, middle }) => [
      name,
      count(middle.framesPerSecond),
      percent(middle.serverCpu),
      count(middle.framesPerCpuSecond),
      percent(middle.load.cpu),
      ms(middle.p50),
      ms(middle.p99),
      middle.why.join(", ") || "holds",
    ]),
  };
}
