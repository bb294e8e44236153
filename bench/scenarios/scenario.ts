import type { BrokerPeer, Place, SelfFedPeer } from "../peers/peer.ts";

/** How long and how fine this run measures. */
export interface Effort {
  /** Seconds of one step: warming up, and the window that counts. */
  readonly warmup: number;
  readonly seconds: number;
  /** The search ends when it knows the limit within this factor, or after so many steps. */
  readonly within: number;
  readonly steps: number;
  /** So many steps a server are measured again that failed while others used the cores. */
  readonly repeats: number;
  /** Connections held idle, one after the other. */
  readonly idle: readonly number[];
  /** Seconds that a server gets, at most, to come to rest before its memory is read. */
  readonly settle: number;
}

/** Everything a scenario gets. */
export interface Run {
  readonly place: Place;
  readonly effort: Effort;
  readonly peers: readonly (BrokerPeer | SelfFedPeer)[];
  /** Prints one line of progress. */
  say(line: string): void;
}

/** What one scenario brought: the figures for the file, and the lines for the reader. */
export interface Outcome {
  readonly name: string;
  readonly about: string;
  readonly figures: unknown;
  /** A table for the terminal. */
  readonly table: readonly string[];
  /** One line that sums it up. */
  readonly summary: string;
  /** Whether a server broke the protocol or lost frames at a rate that it otherwise held. */
  readonly integrity: boolean;
}

/** One load, and what it is measured by. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  run(run: Run): Promise<Outcome>;
}
