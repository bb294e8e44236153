import type { Metric } from "./metric.ts";

export const AUTH: readonly Metric[] = [
  {
    name: "ranger_expiries_total",
    type: "counter",
    help: "Connections whose token expired while they were open, and that went on as anonymous",
    read: ({ expiries }) => expiries.expired,
  },
  {
    name: "ranger_expiries_waiting",
    type: "gauge",
    help: "Connections whose token will expire",
    read: ({ expiries }) => expiries.size,
  },
];
