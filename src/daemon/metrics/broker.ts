import { FAILURE_KINDS } from "../../source/amqp/failure.ts";
import type { Metric } from "./metric.ts";

export const BROKER: readonly Metric[] = [
  {
    name: "ranger_broker_connected",
    type: "gauge",
    help: "1 while events arrive from the broker, else 0",
    read: ({ source }) => Number(source.state.connected),
  },
  {
    name: "ranger_broker_reconnects_total",
    type: "counter",
    help: "Reconnections to the broker",
    read: ({ source }) => source.state.reconnects,
  },
  {
    name: "ranger_source_interruptions_total",
    type: "counter",
    help:
      "Times that the source of events was lost; without amqp.stream, events published meanwhile " +
      "are lost with it",
    read: ({ source }) => source.state.interruptions,
  },
  {
    name: "ranger_source_interrupted_seconds_total",
    type: "counter",
    help: "Seconds without the source since it was first connected, and the silence before a " +
      "loss was noticed",
    read: ({ source }) => source.state.interruptedSeconds,
  },
  {
    name: "ranger_broker_failures_total",
    type: "counter",
    help: "Failed attempts to connect, and lost connections, by kind of cause",
    labels: ["cause"],
    known: FAILURE_KINDS.map((cause) => [cause]),
    *read({ source }) {
      for (const [cause, count] of source.state.failures) yield [[cause], count];
    },
  },
  {
    name: "ranger_broker_blocked",
    type: "gauge",
    help: "1 while the broker blocks publishers (connection.blocked), else 0",
    read: ({ source }) => Number(source.state.blocked !== undefined),
  },
];
