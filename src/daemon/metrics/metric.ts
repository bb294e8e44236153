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

/** The sources of the metrics. */
export interface MetricSources {
  readonly hub: Hub;
  readonly sessions: Sessions;
  /** Undefined with `--no-auth`. */
  readonly verifier: TokenVerifier | undefined;
  readonly expiries: ExpiryQueue;
  /** Exceeded limits by name. */
  readonly limitsHit: LabelledCounter;
  readonly flusher: Flusher;
  readonly traffic: Traffic;
  readonly source: EventSource;
  readonly loopLag: LoopLag;
  readonly reloads: ReloadStatus;
  /** Why the daemon is not ready; empty when it is. */
  unready(): readonly string[];
  /** Open sockets of each listener. */
  sockets(): Promise<Readonly<Record<"public" | "management", number>>>;
  /** Sockets that the clients' listener may have open now. */
  maxSockets(): number;
  /** Maximum number of streams to name, those with the most subscribers; others count together. */
  readonly maxNamedStreams: number;
  /** Whether Rango's metrics are exported as well. */
  readonly rangoMetrics: boolean;
}

/** A value for each combination of label values, in the order of the label names. */
export type Labelled = Iterable<readonly [labels: readonly string[], value: number]>;

/** The part that all kinds of metrics share. */
interface Declared {
  readonly name: string;
  /** What it counts, in which unit; one sentence, for `/metrics` and the documents. */
  readonly help: string;
}

/** A metric: its name, and how it is read. It is read at each scrape only. */
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
