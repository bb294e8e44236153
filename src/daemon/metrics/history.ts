import { READER_CAUSES, RESUME_OUTCOMES } from "../../hub/readers.ts";
import type { Metric } from "./metric.ts";

export const HISTORY: readonly Metric[] = [
  {
    name: "ranger_history_events",
    type: "gauge",
    help: "Events of plain streams that are kept for clients that resume or are behind",
    read: ({ hub }) => hub.history.events,
  },
  {
    name: "ranger_history_bytes",
    type: "gauge",
    help: "Memory that they take (history.bytes)",
    read: ({ hub }) => hub.history.size,
  },
  {
    name: "ranger_history_seconds",
    type: "gauge",
    help: "Age of the oldest event that is kept: how far back a client can resume",
    read: ({ hub }) => hub.history.seconds,
  },
  {
    name: "ranger_readers_current",
    type: "gauge",
    help: "Clients that are behind, and get events from the history",
    read: ({ hub }) => hub.readers.size,
  },
  {
    name: "ranger_readers_total",
    type: "counter",
    help:
      "Times that a client began to read the history, by cause: resume, last (recent events), " +
      "slow (above limits.unsent_bytes)",
    labels: ["cause"],
    known: READER_CAUSES.map((cause) => [cause]),
    *read({ hub }) {
      for (const [cause, count] of hub.readers.begun) yield [[cause], count];
    },
  },
  {
    name: "ranger_resumes_total",
    type: "counter",
    help: "Requests to resume, by outcome: resumed, partly (some streams), cannot (a cursor of " +
      "another log, or events that are not kept any more)",
    labels: ["outcome"],
    known: RESUME_OUTCOMES.map((outcome) => [outcome]),
    *read({ hub }) {
      for (const [outcome, count] of hub.readers.outcomes) yield [[outcome], count];
    },
  },
  {
    name: "ranger_history_events_sent_total",
    type: "counter",
    help: "Events sent from the history",
    read: ({ hub }) => hub.readers.events,
  },
];
