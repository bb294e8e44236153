import { AUTH } from "./auth.ts";
import { BOOKS } from "./books.ts";
import { BROKER } from "./broker.ts";
import { CLIENTS } from "./clients.ts";
import { DELIVERY } from "./delivery.ts";
import { EVENTS } from "./events.ts";
import { HISTORY } from "./history.ts";
import type { Metric } from "./metric.ts";
import { PROCESS } from "./process.ts";
import { RANGO } from "./rango.ts";

/** Every metric, by subject, in the order of `/metrics` and of the documents. */
export const GROUPS: Readonly<Record<string, readonly Metric[]>> = {
  "Clients": CLIENTS,
  "Tokens": AUTH,
  "Events in": EVENTS,
  "Frames out": DELIVERY,
  "Order books and other states": BOOKS,
  "The history": HISTORY,
  "The broker": BROKER,
  "The process": PROCESS,
};

export const METRICS: readonly Metric[] = Object.values(GROUPS).flat();

/** Metrics with the names of other servers, by the setting that turns them on. */
export const OPTIONAL: Readonly<Record<string, readonly Metric[]>> = {
  "management.rango_metrics": RANGO,
};
