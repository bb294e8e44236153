import { count, ms, percent, table } from "../harness/format.ts";
import { type Found, search } from "../harness/search.ts";
import { type Server, startServer } from "../harness/server.ts";
import { brokerStep, selfFedStep, type Step, type StepOptions } from "../harness/step.ts";
import type { BrokerPeer, SelfFedPeer } from "../peers/peer.ts";
import type { Run, Scenario } from "./scenario.ts";

const CONNECTIONS = 1_000;
const BYTES = 200;
const P99_LIMIT = 50;
const STREAM = "usdbtc.trades";

/** Events a second to begin with: a near guess saves steps, a wrong one costs some. */
const START: Readonly<Record<string, number>> = { ranger: 2_000, "floor-1": 200, "floor-n": 4_000 };
const START_OTHERS = 100;

/** From this share of a core on, used by others meanwhile, a step that does not hold is repeated. */
const DISTURBED = 0.08;

interface Measured extends Found<Step> {
  readonly name: string;
  readonly about: string;
}

/** One stream that everybody has: the pure cost of fanning out. */
export const hot: Scenario = {
  name: "hot",
  about: `${count(CONNECTIONS)} connections on one stream, ${BYTES}-byte events`,
  async run(run) {
    const measured: Measured[] = [];
    for (const peer of run.peers) {
      const found =
        await (peer.source === "broker" ? fromBroker(peer, run) : fromItself(peer, run));
      measured.push({ name: peer.name, about: peer.about, ...found });
    }
    const steps = measured.flatMap((peer) => peer.probes);
    return {
      name: hot.name,
      about: hot.about,
      figures: { connections: CONNECTIONS, bytes: BYTES, p99LimitMs: P99_LIMIT, peers: measured },
      table: [...stepTable(measured), "", ...resultTable(measured)],
      summary: summary(measured),
      integrity: steps.every((step) => step.violations === (step.load.violations.gap ?? 0)),
    };
  },
};

async function fromBroker(peer: BrokerPeer, run: Run): Promise<Found<Step>> {
  let server: Server | undefined;
  try {
    return await ramp(peer.name, run, async (options) => {
      server ??= await startServer(peer, run.place);
      const step = await brokerStep(peer, server, run.place, options);
      if (!step.holds) {
        // what it still has to deliver, or what it lost, must not weigh on the next step
        await server.program.stop();
        server = undefined;
      }
      return step;
    });
  } finally {
    await server?.program.stop();
  }
}

function fromItself(peer: SelfFedPeer, run: Run): Promise<Found<Step>> {
  return ramp(peer.name, run, (options) => selfFedStep(peer, run.place, options));
}

function ramp(
  name: string,
  { effort, say }: Run,
  measure: (options: StepOptions) => Promise<Step>,
): Promise<Found<Step>> {
  const { warmup, seconds, within, steps } = effort;
  const start = START[name] ?? START_OTHERS;
  let { repeats } = effort;
  return search({ start, least: 1, most: 20_000, within, probes: steps }, async (rate) => {
    const options = {
      connections: CONNECTIONS,
      bytes: BYTES,
      keys: [`public.${STREAM}`],
      streams: [STREAM],
      p99Limit: P99_LIMIT,
      rate: Math.round(rate),
      warmup,
      seconds,
    };
    let step = await measure(options);
    if (!step.holds && step.disturbance > DISTURBED && repeats-- > 0) step = await measure(options);
    say(`  ${name} at ${count(step.wantedFramesPerSecond)} frames a second: ${verdict(step)}`);
    return step;
  });
}

function verdict({ holds, why, endedBy, disturbance }: Step): string {
  if (holds) return "holds";
  const load = endedBy === "load" ? "; the load's core was full first" : "";
  const others = disturbance > DISTURBED ? `; others used ${percent(disturbance)} of a core` : "";
  return why.join(", ") + load + others;
}

function stepTable(measured: readonly Measured[]): string[] {
  const head = [
    "server",
    "wanted/s",
    "frames/s",
    "p50 ms",
    "p99 ms",
    "max ms",
    "server",
    "load core",
  ];
  const rows = measured.flatMap(({ name, probes }) =>
    probes.toSorted((a, b) => a.rate - b.rate).map((step) => [
      name,
      count(step.wantedFramesPerSecond),
      count(step.framesPerSecond),
      ms(step.p50),
      ms(step.p99),
      ms(step.max),
      percent(step.serverCpu),
      percent(step.loadCore),
      verdict(step),
    ])
  );
  return table([...head, "verdict"], rows);
}

function resultTable(measured: readonly Measured[]): string[] {
  const naive = measured.find(({ name }) => name === "naive-deno")?.best;
  const head = [
    "server",
    "holds, frames/s",
    "p50 ms",
    "p99 ms",
    "server",
    "frames/CPU s",
    "to naive",
  ];
  const rows = measured.map(({ name, best }) =>
    best === undefined ? [name, "none", "", "", "", "", ""] : [
      name,
      count(best.framesPerSecond),
      ms(best.p50),
      ms(best.p99),
      percent(best.serverCpu),
      count(best.framesPerCpuSecond),
      naive ? `${(best.framesPerSecond / naive.framesPerSecond).toFixed(1)} x` : "",
    ]
  );
  return table(head, rows);
}

function summary(measured: readonly Measured[]): string {
  return measured.map(({ name, best, failed }) => {
    if (best === undefined) return `${name} holds none of the rates tried`;
    const load = failed?.endedBy === "load" ? ", where the load's core was full first" : "";
    return `${name} ${count(best.framesPerSecond)} frames/s at p50 ${ms(best.p50)} ms, ` +
      `p99 ${ms(best.p99)} ms${load}`;
  }).join("; ");
}
