import { count, ms, type Table } from "../harness/format.ts";
import { startServer } from "../harness/server.ts";
import { fedStep, isOrderly, selfFedStep, type Step } from "../harness/step.ts";
import { oneStream } from "../harness/traffic.ts";
import { eachPeer, median, type Scenario, target } from "./scenario.ts";

const FRAMES = 50_000;
const CONNECTIONS = 1_000;
const TRAFFIC = oneStream(CONNECTIONS, 200);

interface Measured {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** What a server adds when it has little to do. */
export const low: Scenario = {
  name: "low",
  about: `${count(CONNECTIONS)} connections on one stream, ${count(FRAMES)} frames a second`,
  async run(run) {
    const { place, effort, say } = run;
    const options = {
      traffic: TRAFFIC,
      rate: FRAMES / CONNECTIONS,
      warmup: effort.warmup,
      seconds: effort.seconds,
      p99Limit: 50,
      sample: 7,
    };
    const measured = await eachPeer<Measured>(run, async (peer) => {
      const server = peer.source === "fed" ? await startServer(peer, place) : undefined;
      const steps: Step[] = [];
      try {
        while (steps.length < effort.rounds) {
          const step = peer.source === "fed"
            ? await fedStep(peer, server!, place, options)
            : await selfFedStep(peer, place, options);
          steps.push(step);
          say(`  ${peer.name}: p50 ${ms(step.p50)} ms`);
        }
      } finally {
        await server?.running.stop();
      }
      return { name: peer.name, steps };
    });
    const p50 = (name: string) => {
      // A step that fell behind says nothing about a server with little to do.
      const steps = measured.find((one) => one.name === name)?.steps.filter((step) => step.holds);
      return steps?.length ? median(steps.map((step) => step.p50)) : undefined;
    };
    const [own, floor] = [p50("ranger"), p50("floor-1")];
    return {
      name: low.name,
      about: low.about,
      figures: { peers: measured },
      tables: [rows(measured)],
      notes: ["The floor has no broker: its events begin in the server."],
      summary: measured.map(({ name }) => `${name} ${shown(p50(name))}`).join(", "),
      targets: [
        target(
          "p50 at 50,000 frames a second, to the floor's",
          "at most 1.5 x",
          own && floor && own / floor,
          (x) => `${x.toFixed(2)} x`,
          (x) => x <= 1.5,
        ),
      ],
      integrity: measured.every(({ steps }) => steps.every(isOrderly)),
    };
  },
};

function shown(p50: number | undefined): string {
  return p50 === undefined ? "fell behind" : `p50 ${p50.toFixed(2)} ms`;
}

function rows(measured: readonly Measured[]): Table {
  return {
    title: "Latency from publish to client, each round",
    head: ["server", "round", "frames/s", "p50 ms", "p99 ms", "max ms", "server's core", "verdict"],
    rows: measured.flatMap(({ name, steps }) =>
      steps.map((step, round) => [
        name,
        `${round + 1}`,
        count(step.framesPerSecond),
        step.p50.toFixed(2),
        step.p99.toFixed(2),
        step.max.toFixed(2),
        `${(100 * step.serverCpu).toFixed(1)} %`,
        step.why.join(", ") || "holds",
      ])
    ),
  };
}
