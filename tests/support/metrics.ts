import assert from "node:assert/strict";
import type { RangerProcess } from "./ranger.ts";

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
 * const { value } = await scrape(ranger);
 * assert.equal(value('ranger_connections_current{auth="public"}'), 1);
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
