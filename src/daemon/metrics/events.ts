import type { ScopeCounters } from "../../hub/counters.ts";
import { refusalReason } from "../../hub/payload_validator.ts";
import { peatioRegistry } from "../../streams/peatio.ts";
import type { Metric } from "./metric.ts";

/** The outcomes of an event, and the counters of each. */
const OUTCOMES = {
  delivered: "delivered",
  unheld: "unheld",
  not_json: "notJson",
  too_large: "tooLarge",
  refused: "refused",
  held_back: "incrementsHeldBack",
  stale: "incrementsStale",
  gap: "gaps",
} as const satisfies Record<string, keyof ScopeCounters>;

export const EVENTS: readonly Metric[] = [
  {
    name: "ranger_events_received_total",
    type: "counter",
    help: "Events received from the broker",
    read: ({ hub }) => hub.counters.received,
  },
  {
    name: "ranger_events_total",
    type: "counter",
    help:
      "Events by scope (public, private, prefixed, unknown) and outcome: delivered, unheld (no " +
      "subscriber), not_json, too_large, refused (strict mode), held_back, stale and gap " +
      "(increments), malformed_key",
    labels: ["scope", "outcome"],
    *read({ hub: { counters } }) {
      for (const [scope, counts] of Object.entries(counters.scopes)) {
        for (const [outcome, field] of Object.entries(OUTCOMES)) {
          yield [[scope, outcome], counts[field]];
        }
      }
      yield [["unknown", "malformed_key"], counters.malformedKeys];
    },
  },
  {
    name: "ranger_events_refused_total",
    type: "counter",
    help: "Events dropped by strict mode, by kind of stream and reason",
    labels: ["reason"],
    known: [...peatioRegistry.kinds.map(refusalReason), refusalReason()].map((reason) => [reason]),
    *read({ hub }) {
      for (const [reason, count] of hub.counters.refused) yield [[reason], count];
    },
  },
];
