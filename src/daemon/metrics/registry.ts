import { Counter, Gauge, Histogram as PrometheusHistogram, Registry } from "prom-client";
import type { Histogram } from "../../telemetry/histogram.ts";
import { METRICS } from "./metrics.ts";
import { RANGO } from "./rango.ts";
import type { Labelled, Metric, MetricSources } from "./metric.ts";

/**
 * All metrics, read from the sources at each scrape.
 *
 * @example
 * ```ts
 * import { type MetricSources } from "./metric.ts";
 * declare const sources: MetricSources;
 * const registry = metricsRegistry(sources);
 * await registry.metrics(); // "# HELP ranger_ready …"
 * ```
 */
export function metricsRegistry(sources: MetricSources): Registry {
  const registry = new Registry();
  const metrics = sources.rangoMetrics ? [...METRICS, ...RANGO] : METRICS;
  for (const metric of metrics) register(registry, metric, sources);
  return registry;
}

function register(registry: Registry, metric: Metric, sources: MetricSources): void {
  const { name, help } = metric;
  const registers = [registry];
  if (metric.type === "histogram") {
    new ReadHistogram({ name, help, registers }, () => metric.read(sources));
    return;
  }
  const labelNames = [...metric.labels ?? []];
  const known = metric.labels && metric.known || [];
  const labelled = async (): Promise<Labelled> =>
    metric.labels ? await metric.read(sources) : [[[], metric.read(sources)]];
  const named = (values: readonly string[]) =>
    Object.fromEntries(labelNames.map((label, at) => [label, values[at]!]));
  const Kind = metric.type === "gauge" ? Gauge<string> : Counter<string>;
  new Kind({
    name,
    help,
    registers,
    labelNames,
    async collect() {
      const values = await labelled();
      // A counter can only be increased; after a reset that is the same as setting it.
      this.reset();
      for (const labels of known) this.inc(named(labels), 0);
      for (const [labels, value] of values) this.inc(named(labels), value);
    },
  });
}

/** A histogram of the library that reads its counts from ours. */
class ReadHistogram extends PrometheusHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => Histogram;

  constructor(
    options: { readonly name: string; readonly help: string; readonly registers: Registry[] },
    read: () => Histogram,
  ) {
    super(options);
    this.#name = options.name;
    this.#help = options.help;
    this.#read = read;
  }

  /** The registry calls this when it writes text; the library's types do not list it. */
  getForPromString(): Promise<object> {
    const [name, histogram] = [this.#name, this.#read()];
    const buckets = [...histogram.cumulative(), ["+Inf", histogram.count] as const];
    const values = [
      ...buckets.map(([le, value]) => ({ metricName: `${name}_bucket`, labels: { le }, value })),
      { metricName: `${name}_sum`, labels: {}, value: histogram.sum },
      { metricName: `${name}_count`, labels: {}, value: histogram.count },
    ];
    return Promise.resolve({
      name,
      help: this.#help,
      type: "histogram",
      values,
      aggregator: "sum",
    });
  }
}
