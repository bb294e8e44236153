import { topStreams } from "../top_streams.ts";
import type { Metric } from "./metric.ts";

/**
 * The metrics of Rango, by its names and labels (pkg/metrics/metrics.go), for dashboards that were
 * made for it. Only with `management.rango_metrics`.
 */
export const RANGO: readonly Metric[] = [
  {
    name: "rango_hub_clients_count",
    type: "gauge",
    help: "Connections now",
    read: ({ sessions }) => sessions.counts.open,
  },
  {
    name: "rango_hub_subscriptions_count",
    type: "gauge",
    help: "Subscriptions now, by type (public, private, prefixed) and topic, of the streams with " +
      "most of them (management.streams) among those that events have arrived of; all others as " +
      "other. Private streams count by their name, of all users together, those who have not authenticated yet included",
    labels: ["type", "topic"],
    *read({ hub, namedStreams }) {
      let others = hub.sizes.subscriptions;
      for (const [stream, subscribers] of topStreams(hub.streams(), namedStreams)) {
        others -= subscribers;
        yield [[typeOf(stream), stream], subscribers];
      }
      // Rango has no such series; where every stream is named, neither has Ranger.
      if (others > 0) yield [["other", "other"], others];
    },
  },
];

/** As Rango has it: by the dots in the name (pkg/routing/hub.go). */
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
