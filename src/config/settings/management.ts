import { host, toggle, whole } from "../kinds.ts";
import { PORT, SECONDS, setting } from "./setting.ts";

export const MANAGEMENT = {
  "management.host": setting({
    kind: host(),
    default: "127.0.0.1",
    flag: "management-host",
    legacy: ["METRICS_HOST"],
    help: "Address for metrics, health and statistics",
    right: "an address or host name such as 127.0.0.1",
  }),
  "management.port": setting({
    kind: whole(0, 65535, "PORT"),
    default: 8082,
    flag: "management-port",
    legacy: ["METRICS_PORT"],
    help: "Port for metrics, health and statistics; 0 picks a free one",
    right: PORT,
  }),
  "management.port_offset": setting({
    kind: whole(0, 1000, "NUMBER"),
    default: 0,
    flag: "management-port-offset",
    help: "Added to management.port, so that several processes with one configuration each have " +
      "their own; ranger@3 has 3",
    right: "a whole number such as 1",
  }),
  "management.grace": setting({
    kind: whole(0, 3600, "SECONDS"),
    default: 10,
    flag: "management-grace",
    help: "Seconds that a lost broker may take to come back before /readyz says that it is lost",
    right: SECONDS,
  }),
  "management.streams": setting({
    kind: whole(0, 1000),
    default: 50,
    flag: "management-streams",
    help: "Streams that /metrics names, those with most subscribers; the others count as one",
    right: "a number of streams such as 50",
  }),
  "management.rango_metrics": setting({
    kind: toggle(),
    default: false,
    flag: "management-rango-metrics",
    help:
      "Whether /metrics has rango_hub_clients_count and rango_hub_subscriptions_count besides, " +
      "for dashboards that were made for Rango",
    right: "true or false",
  }),
};
