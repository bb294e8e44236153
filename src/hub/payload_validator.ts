import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";
import { checkJson, NOT_JSON, parseJson } from "../streams/payload.ts";
import type { Registry, StreamKind } from "../streams/registry.ts";
import type { HubCounters } from "./counters.ts";

const log = getLogger(["ranger", "hub"]);

/** What the validator needs to know of an event. */
export interface ReceivedEvent {
  readonly routingKey: string;
  readonly scope: "public" | "private" | "prefixed";
  /** The stream's name, as clients receive it. */
  readonly name: string;
}

/**
 * Validates payloads. It counts each event that is dropped, and logs a warning at most once a minute
 * for each routing key.
 *
 * @example
 * ```ts
 * import { peatioRegistry } from "../streams/peatio.ts";
 * import { HubCounters } from "./counters.ts";
 *
 * const validator = new PayloadValidator(peatioRegistry, "open", new HubCounters());
 * const event = { routingKey: "public.usdbtc.trades", scope: "public", name: "usdbtc.trades" } as const;
 * const payload = validator.validate(event, new Uint8Array(), false);
 * ```
 */
export class PayloadValidator {
  /** Whether payloads must fit the type of their stream, and streams must be registered. */
  readonly isStrict: boolean;
  readonly #registry: Registry;
  readonly #counters: HubCounters;
  readonly #throttle = new LogThrottle(60_000);

  constructor(registry: Registry, mode: "open" | "strict", counters: HubCounters) {
    this.isStrict = mode === "strict";
    this.#registry = registry;
    this.#counters = counters;
  }

  /**
   * Validates a body.
   *
   * @param isWanted whether the caller needs the parsed payload; otherwise the body is parsed in
   * strict mode only
   * @returns the payload, `undefined` if it was not parsed, or {@linkcode NOT_JSON} if the event must
   * be dropped
   */
  validate(
    { routingKey, scope, name }: ReceivedEvent,
    body: Uint8Array,
    isWanted: boolean,
  ): unknown {
    const payload = isWanted || this.isStrict ? parseJson(body) : checkJson(body);
    const counts = this.#counters.scopes[scope];
    if (payload === NOT_JSON) {
      counts.notJson++;
      this.warn(
        "json",
        routingKey,
        "Dropped an event of {routingKey}: its body is not valid JSON.",
      );
      return NOT_JSON;
    }
    if (!this.isStrict) return payload;
    const kind = this.#registry.find(scope === "private" ? scope : "public", name);
    if (kind?.fits(payload)) return payload;
    counts.refused++;
    this.#counters.refused.add(refusalReason(kind));
    this.warn(
      "strict",
      routingKey,
      kind
        ? "Dropped an event of {routingKey}: its payload does not fit its type (streams.mode)."
        : "Dropped an event of {routingKey}: no such stream is registered (streams.mode).",
    );
    return NOT_JSON;
  }

  /** Logs a warning about a routing key, at most once a minute for each topic and key. */
  warn(topic: string, routingKey: string, message: string): void {
    if (!this.#throttle.allows(`${topic} ${routingKey}`)) return;
    log.warn(message, { routingKey, ...this.#throttle.since });
  }
}

/**
 * Why strict mode drops an event, as metrics count it.
 *
 * @param kind whose payload type it does not fit; left out if no kind has its name
 */
export function refusalReason(kind?: Pick<StreamKind, "label">): string {
  return kind ? `${kind.label} payload` : "unregistered stream";
}
