import assert from "node:assert/strict";
import type { RangerProcess } from "../../testing/ranger.ts";

/** What a scrape of `/metrics` gave. */
export interface Scrape {
  /** The text as it came. */
  readonly text: string;
  /** Each series by its name and labels as written: `ranger_connections_current{auth="public"}`. */
  readonly series: ReadonlyMap<string, number>;
  /** The value of a series; 0 where it is not there, as for a counter that never counted. */
  value(series: string): number;
}

/**
 * Scrapes a server as Prometheus does.
 *
 * @example
 * ```ts
 * import { type RangerProcess } from "../../testing/ranger.ts";
 * declare const ranger: RangerProcess;
 * const { value } = await scrape(ranger);
 * value('ranger_connections_current{auth="public"}'); // 1
 * ```
 */
export async function scrape(ranger: Pick<RangerProcess, "managementUrl">): Promise<Scrape> {
  const response = await fetch(ranger.managementUrl("/metrics"));
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const series = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    assert.ok(name !== undefined && !series.has(name), line);
    series.set(name, Number(value));
  }
  return { text, series, value: (name) => series.get(name) ?? 0 };
}

/**
 * The values of one metric by one of its labels, summed over the others: what is not in a scrape is
 * not there either.
 *
 * @param label empty for a metric without labels, whose value is under the empty text then
 * @example
 * ```ts
 * import { type RangerProcess } from "../../testing/ranger.ts";
 * declare const ranger: RangerProcess;
 * await labelled(ranger, "ranger_limits_hit_total", "limit"); // { streams: 3 }
 * ```
 */
export async function labelled(
  ranger: Pick<RangerProcess, "managementUrl">,
  metric: string,
  label: string,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, value] of (await scrape(ranger)).series) {
    const { metric: its, labels } = partsOf(name);
    if (its !== metric) continue;
    const key = label === "" ? "" : labels[label];
    if (key !== undefined) found[key] = (found[key] ?? 0) + value;
  }
  return found;
}

/**
 * A series' name and labels, taken apart.
 *
 * @param series `ranger_closes_total{by="server",code="1008"}`
 */
export function partsOf(
  series: string,
): { readonly metric: string; readonly labels: Readonly<Record<string, string>> } {
  const [, metric = "", inside = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
  const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    .map(([, label, value]) => [label!, value!] as const);
  return { metric, labels: Object.fromEntries(labels) };
}
