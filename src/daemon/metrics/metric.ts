import type { TokenVerifier } from "../../auth/verifier.ts";
import type { EventSource } from "../../source/source.ts";
import type { Flusher } from "../../delivery/flusher.ts";
import type { Hub } from "../../hub/hub.ts";
import type { ExpiryQueue } from "../../session/expiry.ts";
import type { Sessions } from "../../session/sessions.ts";
import type { Histogram } from "../../telemetry/histogram.ts";
import type { LoopLag } from "../../telemetry/loop_lag.ts";
import type { LabelledCounter } from "../../telemetry/labelled_counter.ts";
import type { Traffic } from "../../delivery/traffic.ts";
import type { ReloadStatus } from "../reload_status.ts";

/** Where the metrics are read. */
export interface MetricSources {
  readonly hub: Hub;
  readonly sessions: Sessions;
  /** Left out where nobody can authenticate. */
  readonly verifier: TokenVerifier | undefined;
  readonly expiries: ExpiryQueue;
  /** By the limit's name. */
  readonly limitsHit: LabelledCounter;
  readonly flusher: Flusher;
  readonly traffic: Traffic;
  readonly source: EventSource;
  readonly loopLag: LoopLag;
  readonly reloads: ReloadStatus;
  /** Why the daemon is not ready to serve; empty when it is. */
  unready(): readonly string[];
  /** Sockets that each listener accepted and that are not closed yet. */
  sockets(): Promise<Readonly<Record<"public" | "management", number>>>;
  /** Streams that are named, those with most subscribers; the others count as one. */
  readonly maxNamedStreams: number;
}

/** A value for each combination of the labels, which come in the order of their names. */
export type Labelled = Iterable<readonly [labels: readonly string[], value: number]>;

/** What all kinds of metrics have in common. */
interface Declared {
  readonly name: string;
  /** What it counts, in which unit; one sentence, as `/metrics` and the documents show it. */
  readonly help: string;
}

/** A metric: how it is called, and how it is read. It is read at each scrape, and at no other time. */
export type Metric =
  | Declared & {
    readonly type: "counter" | "gauge";
    readonly labels?: undefined;
    read(sources: MetricSources): number;
  }
  | Declared & {
    readonly type: "counter" | "gauge";
    readonly labels: readonly string[];
    /** Combinations that are there from the start, at 0, so that the first count is an increase. */
    readonly known?: readonly (readonly string[])[];
    read(sources: MetricSources): Labelled | Promise<Labelled>;
  }
  | Declared & {
    readonly type: "histogram";
    readonly labels?: undefined;
    read(sources: MetricSources): Histogram;
  };
