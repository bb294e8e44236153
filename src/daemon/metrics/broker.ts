import { FAILURE_KINDS } from "../../source/amqp/failure.ts";
import { LOSS_CAUSES } from "../../source/source.ts";
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
  {
    name: "ranger_source_position",
    type: "gauge",
    help: "Offset of the event or mark that was read last from the log; -1 before the first",
    read: ({ source }) => source.state.position,
  },
  {
    name: "ranger_source_lag_events",
    type: "gauge",
    help:
      "Events between the one read last and the end of the stream, at least; 0 without a stream",
    read: ({ source }) => source.state.lag.events,
  },
  {
    name: "ranger_source_lag_seconds",
    type: "gauge",
    help: "Age of the event read last while there are later ones in the stream, else 0",
    read: ({ source }) => source.state.lag.seconds,
  },
  {
    name: "ranger_source_caught_up",
    type: "gauge",
    help: "0 until what was published before the start is read (amqp.stream_lookback), then 1",
    read: ({ source }) => Number(source.state.caughtUp),
  },
  {
    name: "ranger_source_losses_total",
    type: "counter",
    help: "Times that events may have been lost between the exchange and this process, by cause",
    labels: ["cause"],
    known: LOSS_CAUSES.map((cause) => [cause]),
    *read({ source }) {
      for (const [cause, count] of source.state.losses) yield [[cause], count];
    },
  },
];
