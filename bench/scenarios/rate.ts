import { count, ms, percent, type Table } from "../harness/format.ts";
import { each, type Found, search } from "../harness/search.ts";
import { type Server, startServer } from "../harness/server.ts";
import { fedStep, isOrderly, selfFedStep, type Step, type StepOptions } from "../harness/step.ts";
import type { Traffic } from "../harness/traffic.ts";
import type { FedPeer, ScenarioName, SelfFedPeer } from "../peers/peer.ts";
import { eachPeer, median, type Run, type Scenario, type Target } from "./scenario.ts";

/** A scenario whose result is a rate. */
export interface RateScenario {
  readonly name: ScenarioName;
  readonly about: string;
  readonly traffic: Traffic;
  /** Milliseconds. */
  readonly p99Limit: number;
  /** Events a second to begin with, by peer: a near guess saves steps, a wrong one costs some. */
  readonly start: Readonly<Record<string, number>>;
  readonly startOthers: number;
  readonly most: number;
  readonly notes?: readonly string[];
  targets(by: (peer: string) => Measured | undefined): Target[];
}

/** What was found out about one server. */
export interface Measured {
  readonly name: string;
  readonly about: string;
  /** Each search by itself. */
  readonly rounds: readonly Found<Step>[];
  /** The middle one of the rounds' highest rates that hold; undefined when none held. */
  readonly best: Step | undefined;
  /** Least and most of them, in frames a second. */
  readonly spread: readonly [number, number];
  /** What did not hold above the best. */
  readonly failed: Step | undefined;
}

/** From this share of a core on, used by others meanwhile, a step that does not hold is repeated. */
const DISTURBED = 0.08;
/** Steps of a search that begins where the one before ended. */
const STEPS_AGAIN = 4;

/** Makes a scenario that searches the highest rate that holds, of each server, some times over. */
export function rateScenario(scenario: RateScenario): Scenario {
  const { name, about } = scenario;
  return {
    name,
    about,
    async run(run) {
      const measured = await eachPeer<Measured>(run, async (peer, before) => {
        const which = peer.source === "self" && peer.withBatch ? asRanger(peer, before) : peer;
        return which && await measurePeer(scenario, which, run, before);
      });
      const by = (peer: string) => measured.find(({ name }) => name === peer);
      const steps = measured.flatMap(({ rounds }) => rounds.flatMap(({ probes }) => probes));
      return {
        name,
        about,
        figures: {
          connections: scenario.traffic.connections,
          lines: scenario.traffic.lines,
          p99LimitMs: scenario.p99Limit,
          peers: measured,
        },
        tables: [resultTable(measured, scenario), stepTable(measured)],
        notes: [...scenario.notes ?? [], ...whoEnded(measured)],
        summary: measured.map(summaryOf).join("; "),
        targets: scenario.targets(by),
        integrity: steps.every(isOrderly),
      };
    },
  };
}

/** The floor that writes as many frames at a time as Ranger did at its best. */
function asRanger(peer: SelfFedPeer, before: readonly Measured[]): SelfFedPeer | undefined {
  const best = before.find(({ name }) => name === "ranger")?.best;
  return best && peer.withBatch?.(Math.max(1, Math.round(best.framesPerWrite)));
}

async function measurePeer(
  scenario: RateScenario,
  peer: FedPeer | SelfFedPeer,
  run: Run,
  before: readonly Measured[],
): Promise<Measured> {
  const { effort, say } = run;
  const { traffic, p99Limit, most } = scenario;
  const { warmup, seconds, within } = effort;
  let { retries } = effort;
  const stepper = peer.source === "fed" ? new FedStepper(peer, run) : new SelfFedStepper(peer, run);
  const guess = scenario.start[peer.name] ??
    (peer.name === "floor-same" ? before[0]?.best?.rate : undefined) ?? scenario.startOthers;
  const probe = async (rate: number) => {
    const options = { traffic, p99Limit, rate: Math.round(rate), warmup, seconds };
    let step = await stepper.measure(options);
    if (!step.holds && step.disturbance > DISTURBED && retries-- > 0) {
      step = await stepper.measure(options);
    }
    say(`  ${peer.name} at ${count(step.wantedFramesPerSecond)} frames a second: ${verdict(step)}`);
    return step;
  };
  const rounds: Found<Step>[] = [];
  try {
    while (rounds.length < effort.rounds) {
      if (effort.at.length > 0) {
        rounds.push(await each(effort.at.map((frames) => frames / traffic.fanOut), probe));
        continue;
      }
      const last = rounds.at(-1);
      const again = {
        start: last?.best?.rate ?? last?.failed?.rate ?? guess,
        least: 1,
        most,
        within,
      };
      rounds.push(
        last
          ? await search({ ...again, probes: STEPS_AGAIN, factor: within }, probe)
          : await search({ ...again, probes: effort.steps }, probe),
      );
    }
  } finally {
    await stepper.end();
  }
  return summarize(peer, rounds);
}

function summarize(
  { name, about }: { name: string; about: string },
  rounds: readonly Found<Step>[],
): Measured {
  const rates = rounds.map(({ best }) => best?.rate ?? 0);
  const frames = rounds.map(({ best }) => best?.framesPerSecond ?? 0);
  const middle = rounds[rates.indexOf(median(rates))];
  return {
    name,
    about,
    rounds,
    best: middle?.best,
    failed: middle?.failed,
    spread: [Math.min(...frames), Math.max(...frames)],
  };
}

/** Keeps a server from step to step, as long as it holds what is asked of it. */
class FedStepper {
  #server: Server | undefined;

  constructor(private readonly peer: FedPeer, private readonly run: Run) {}

  async measure(options: StepOptions): Promise<Step> {
    this.#server ??= await startServer(this.peer, this.run.place);
    const step = await fedStep(this.peer, this.#server, this.run.place, options);
    // What it still has to deliver, or what it lost, must not weigh on the next step.
    if (!step.holds) await this.end();
    return step;
  }

  async end(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.running.stop();
  }
}

class SelfFedStepper {
  constructor(private readonly peer: SelfFedPeer, private readonly run: Run) {}

  measure(options: StepOptions): Promise<Step> {
    return selfFedStep(this.peer, this.run.place, options);
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

function verdict({ holds, why, endedBy, disturbance }: Step): string {
  if (holds) return "holds";
  const load = endedBy === "load" ? "; the load's core was full first" : "";
  const others = disturbance > DISTURBED ? `; others used ${percent(disturbance)} of a core` : "";
  return why.join(", ") + load + others;
}

function resultTable(measured: readonly Measured[], { p99Limit }: RateScenario): Table {
  const naive = measured.find(({ name }) => name === "naive-deno")?.best;
  return {
    title: `The highest rate that holds (p99 under ${p99Limit} ms, nothing lost)`,
    head: [
      "server",
      "frames/s",
      "least to most",
      "p50 ms",
      "p99 ms",
      "server's core",
      "load's core",
      "frames per CPU s",
      "frames per write",
      "to naive-deno",
    ],
    rows: measured.map(({ name, best, spread }) =>
      best === undefined ? [name, "none", "", "", "", "", "", "", "", ""] : [
        name,
        count(best.framesPerSecond),
        `${count(spread[0])} to ${count(spread[1])}`,
        ms(best.p50),
        ms(best.p99),
        percent(best.serverCpu),
        percent(best.loadCore),
        count(best.framesPerCpuSecond),
        best.framesPerWrite.toFixed(1),
        naive ? `${(best.framesPerSecond / naive.framesPerSecond).toFixed(1)} x` : "",
      ]
    ),
  };
}

function stepTable(measured: readonly Measured[]): Table {
  return {
    title: "Every step",
    head: [
      "server",
      "round",
      "wanted/s",
      "frames/s",
      "p50 ms",
      "p99 ms",
      "max ms",
      "server",
      "load core",
      "verdict",
    ],
    rows: measured.flatMap(({ name, rounds }) =>
      rounds.flatMap(({ probes }, round) =>
        probes.toSorted((a, b) => a.rate - b.rate).map((step) => [
          name,
          `${round + 1}`,
          count(step.wantedFramesPerSecond),
          count(step.framesPerSecond),
          ms(step.p50),
          ms(step.p99),
          ms(step.max),
          percent(step.serverCpu),
          percent(step.loadCore),
          verdict(step),
        ])
      )
    ),
  };
}

/** Where it was not the server that ended first. */
function whoEnded(measured: readonly Measured[]): string[] {
  return measured.flatMap(({ name, failed }) =>
    failed?.endedBy === "load" && failed.disturbance < DISTURBED
      ? [
        `${name} can do more than the figure: at ${count(failed.wantedFramesPerSecond)} frames a ` +
        `second the core of broker, publisher and load generator was full first, the server used ` +
        `${percent(failed.serverCpu)} of its core.`,
      ]
      : []
  );
}

function summaryOf({ name, best, spread, failed }: Measured): string {
  if (best === undefined) return `${name} holds none of the rates tried`;
  const load = failed?.endedBy === "load" && failed.disturbance < DISTURBED
    ? ", where the load's core was full first"
    : "";
  return `${name} ${count(best.framesPerSecond)} frames/s (${count(spread[0])} to ` +
    `${count(spread[1])}) at p50 ${ms(best.p50)} ms, p99 ${ms(best.p99)} ms${load}`;
}
