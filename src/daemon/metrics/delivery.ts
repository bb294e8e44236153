import type { Metric } from "./metric.ts";

export const DELIVERY: readonly Metric[] = [
  {
    name: "ranger_events_fanned_out_total",
    type: "counter",
    help: "Events queued for subscribers: one event for a thousand of them counts a thousand",
    read: ({ hub }) => hub.counters.fannedOut,
  },
  {
    name: "ranger_frames_out_total",
    type: "counter",
    help: "Frames written to clients: events, answers and control frames",
    read: ({ traffic }) => traffic.framesPerWrite.sum,
  },
  {
    name: "ranger_bytes_out_total",
    type: "counter",
    help: "Bytes of the frames written to clients",
    read: ({ traffic }) => traffic.bytes,
  },
  {
    name: "ranger_frames_per_write",
    type: "histogram",
    help: "Frames per write to a client",
    read: ({ traffic }) => traffic.framesPerWrite,
  },
  {
    name: "ranger_flush_duration_seconds",
    type: "histogram",
    help: "Duration of one flush, of the connections that were due in it",
    read: ({ flusher }) => flusher.durations,
  },
  {
    name: "ranger_delivery_latency_seconds",
    type: "histogram",
    help:
      "Time from the oldest event of each flush to its last write: from its publication if the " +
      "message has a timestamp, else from its arrival",
    read: ({ flusher }) => flusher.latencies,
  },
];
