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
    help: "Added to management.port, so that processes that share a configuration use different " +
      "ports; ranger@3 has 3",
    right: "a whole number such as 1",
  }),
  "management.broker_grace": setting({
    kind: whole(0, 3600, "SECONDS"),
    default: 10,
    flag: "management-broker-grace",
    formerly: { key: "management.grace", flag: "management-grace" },
    help: "Seconds for which the broker may be lost before /readyz reports it",
    right: SECONDS,
  }),
  "management.max_named_streams": setting({
    kind: whole(0, 1000),
    default: 50,
    flag: "management-max-named-streams",
    formerly: { key: "management.streams", flag: "management-streams" },
    help: "Maximum number of streams that /metrics names, those with the most subscribers; the " +
      "others count together",
    right: "a number of streams such as 50",
  }),
  "management.rango_metrics": setting({
    kind: toggle(),
    default: false,
    flag: "management-rango-metrics",
    help: "Whether /metrics also has rango_hub_clients_count and rango_hub_subscriptions_count, " +
      "for dashboards made for Rango",
    right: "true or false",
  }),
};
