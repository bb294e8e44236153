import { topStreams } from "../top_streams.ts";
import type { Metric } from "./metric.ts";

/**
 * Rango's metrics with their names and labels (pkg/metrics/metrics.go), for dashboards made for Rango.
 * Exported with `management.rango_metrics`.
 */
export const RANGO: readonly Metric[] = [
  {
    name: "rango_hub_clients_count",
    type: "gauge",
    help: "Open connections",
    read: ({ sessions }) => sessions.counts.open,
  },
  {
    name: "rango_hub_subscriptions_count",
    type: "gauge",
    help: "Subscriptions by type (public, private, prefixed) and topic, of the streams with the " +
      "most of them (management.max_named_streams) among those with events since the start; all " +
      "others as other. A private stream counts by its name, for all users together, including " +
      "clients that have not authenticated yet",
    labels: ["type", "topic"],
    *read({ hub, maxNamedStreams }) {
      let others = hub.sizes.subscriptions;
      for (const [stream, subscribers] of topStreams(hub.streams(), maxNamedStreams)) {
        others -= subscribers;
        yield [[typeOf(stream), stream], subscribers];
      }
      // Rango has no such series, so it is left out while every stream is named.
      if (others > 0) yield [["other", "other"], others];
    },
  },
];

/** As in Rango: by the dots in the name (pkg/routing/hub.go). */
function typeOf(stream: string): "public" | "private" | "prefixed" {
  switch (stream.split(".", 4).length) {
    case 1:
      return "private";
    case 3:
      return "prefixed";
    default:
      return "public";
  }
}
