import { SIMULATED } from "./define_stream.ts";
import type { Registry, StreamKind } from "./registry.ts";

/** The market and the user in the examples. */
export interface ExampleOptions {
  /** Market id: `btcusd`. */
  readonly market: string;
  /** The user of private events. */
  readonly uid: string;
}

/** An event as the exchange publishes it. */
export interface ExampleEvent {
  readonly routingKey: string;
  readonly payload: unknown;
  /** Whether servers derive events of this kind, so that the exchange need not publish them. */
  readonly isDerived: boolean;
}

/**
 * One event of each kind whose declaration has an example; the simulator's samples contain the
 * other kinds.
 *
 * @example
 * ```ts
 * import { peatioRegistry } from "./peatio.ts";
 *
 * exampleEvents(peatioRegistry, { market: "btcusd", uid: "ID123" })[0]?.routingKey;
 * // "private.ID123.balance"
 * ```
 */
export function exampleEvents(registry: Registry, options: ExampleOptions): ExampleEvent[] {
  return registry.kinds.filter(({ example }) => example !== SIMULATED).map((kind) => ({
    routingKey: routingKeyOf(kind, options),
    payload: kind.example,
    isDerived: kind.isDerived,
  }));
}

function routingKeyOf({ scope, label, words }: StreamKind, { market, uid }: ExampleOptions) {
  const name = label.replace(/<([^>]+)>/g, (_, parameter) => words[parameter]?.[0] ?? market);
  return scope === "private" ? `private.${uid}.${name}` : `public.${name}`;
}
