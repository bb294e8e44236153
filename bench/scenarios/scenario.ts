import type { Table } from "../harness/format.ts";
import type { FedPeer, Place, ScenarioName, SelfFedPeer } from "../peers/peer.ts";

/** How long and how fine this run measures. */
export interface Effort {
  /** Seconds of one step: warming up, and the window that counts. */
  readonly warmup: number;
  readonly seconds: number;
  /** A search ends when it knows the limit within this factor, or after this number of steps. */
  readonly within: number;
  readonly steps: number;
  /** Number of searches for each limit, and of repetitions of the other measurements. */
  readonly rounds: number;
  /** Number of failed steps that are measured again because other processes used the cores. */
  readonly retries: number;
  /** Frames a second to measure at, in place of searching for the highest rate that holds. */
  readonly at: readonly number[];
  /** Connections held idle, one after the other; those over the machine's limit are cut to it. */
  readonly idle: readonly number[];
  /** Seconds that idle connections rest before they are measured. */
  readonly rest: number;
  /** Seconds over which the CPU of idle connections is measured: longer than a keepalive's period. */
  readonly idleWindow: number;
  /** Seconds that a server gets, at most, to come to rest before its memory is read. */
  readonly settle: number;
}

/** Everything a scenario gets. */
export interface Run {
  readonly place: Place;
  readonly effort: Effort;
  /** Those of the scenario that can be measured here. */
  readonly peers: readonly (FedPeer | SelfFedPeer)[];
  /** Prints one line of progress. */
  say(line: string): void;
}

/** What was to be reached, and what was. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly reached: string;
  /** Undefined where it could not be measured in this run. */
  readonly met: boolean | undefined;
}

/** What one scenario brought: the figures for the file, and what is shown to the reader. */
export interface Outcome {
  readonly name: ScenarioName;
  readonly about: string;
  readonly figures: unknown;
  readonly tables: readonly Table[];
  /** What a reader must know to read the tables. */
  readonly notes: readonly string[];
  /** One line that sums it up. */
  readonly summary: string;
  readonly targets: readonly Target[];
  /** False when Ranger, or another, broke the protocol or the order of a stream. */
  readonly integrity: boolean;
}

/** One load, and what it is measured by. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly about: string;
  run(run: Run): Promise<Outcome>;
}

/** A target that is a number to be reached or not to be exceeded. */
export function target(
  what: string,
  wanted: string,
  reached: number | undefined,
  show: (value: number) => string,
  isMet: (value: number) => boolean,
): Target {
  if (reached === undefined || Number.isNaN(reached)) {
    return { what, wanted, reached: "not measured", met: undefined };
  }
  return { what, wanted, reached: show(reached), met: isMet(reached) };
}

/**
 * Measures each peer; one that fails is left out with a line and does not end the run.
 *
 * @throws Error what Ranger fails with: without it there is nothing to compare
 */
export async function eachPeer<T>(
  run: Run,
  measure: (peer: FedPeer | SelfFedPeer, before: readonly T[]) => Promise<T | undefined>,
): Promise<T[]> {
  const all: T[] = [];
  for (const peer of run.peers) {
    try {
      const measured = await measure(peer, all);
      if (measured !== undefined) all.push(measured);
    } catch (error) {
      if (peer.name === "ranger" || !(error instanceof Error) || error.message === "interrupted") {
        throw error;
      }
      run.say(`  left out: ${peer.name}: ${error.message}`);
    }
  }
  return all;
}

/** The middle one of some numbers; of an even count, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? NaN;
}
