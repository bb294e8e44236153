import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";
import { checkJson, NOT_JSON, parseJson } from "../streams/payload.ts";
import type { Registry, StreamKind } from "../streams/registry.ts";
import type { HubCounters } from "./counters.ts";

const log = getLogger(["ranger", "hub"]);

/** An event, as far as it matters to whether it may go on. */
export interface Inspected {
  readonly routingKey: string;
  readonly scope: "public" | "private" | "prefixed";
  /** What clients know it by. */
  readonly name: string;
}

/**
 * Looks at what the exchange publishes, and says what is dropped: counted each time, logged once a
 * minute for each routing key.
 *
 * @example
 * ```ts
 * const inspector = new Inspector(peatioRegistry, "open", counters);
 * const event = { routingKey: "public.usdbtc.trades", scope: "public", name: "usdbtc.trades" };
 * if (inspector.read(event, body, false) === NOT_JSON) return;
 * ```
 */
export class Inspector {
  /** Whether every payload is held against its type, and those without one are dropped. */
  readonly isStrict: boolean;
  readonly #registry: Registry;
  readonly #counters: HubCounters;
  readonly #complaints = new LogThrottle(60_000);

  constructor(registry: Registry, mode: "open" | "strict", counters: HubCounters) {
    this.isStrict = mode === "strict";
    this.#registry = registry;
    this.#counters = counters;
  }

  /**
   * The payload, checked.
   *
   * @param wanted whether it is to be worked with; if not, it is `undefined` where nobody looks at it
   * @returns {@linkcode NOT_JSON} when the event goes no further
   */
  read({ routingKey, scope, name }: Inspected, body: Uint8Array, wanted: boolean): unknown {
    const payload = wanted || this.isStrict ? parseJson(body) : checkJson(body);
    const counts = this.#counters.scopes[scope];
    if (payload === NOT_JSON) {
      counts.notJson++;
      this.complain("json", routingKey, "Dropped an event of {routingKey}: its body is no JSON.");
      return NOT_JSON;
    }
    if (!this.isStrict) return payload;
    const kind = this.#registry.find(scope === "private" ? scope : "public", name);
    if (kind?.fits(payload)) return payload;
    counts.refused++;
    this.#counters.refused.add(refusalReason(kind));
    this.complain(
      "strict",
      routingKey,
      kind
        ? "Dropped an event of {routingKey}: its payload does not fit its type (streams.mode)."
        : "Dropped an event of {routingKey}: no such stream is registered (streams.mode).",
    );
    return NOT_JSON;
  }

  /** Logs a warning about a routing key, unless the same was logged a short while ago. */
  complain(topic: string, routingKey: string, message: string): void {
    if (!this.#complaints.allows(`${topic} ${routingKey}`)) return;
    log.warn(message, { routingKey, ...this.#complaints.since });
  }
}

/**
 * Why strict mode drops an event, as metrics count it.
 *
 * @param kind whose payload type it does not fit; left out where no kind has its name
 */
export function refusalReason(kind?: Pick<StreamKind, "label">): string {
  return kind ? `${kind.label} payload` : "unregistered stream";
}
