import type { EventSink, SourceEvent } from "../../src/source/source.ts";

let offset = 0;

/**
 * An event as a source delivers it, later than all before it.
 *
 * @example
 * ```ts
 * import type { EventSink } from "../../src/source/source.ts";
 *
 * declare const hub: EventSink, body: Uint8Array;
 * hub.deliver(sourceEvent("public.usdbtc.trades", body));
 * ```
 */
export function sourceEvent(routingKey: string, body: Uint8Array, age = 0): SourceEvent {
  return { offset: ++offset, routingKey, body, age, past: false };
}

/**
 * A sink that takes what a test wants to see, and ignores the rest.
 *
 * @example
 * ```ts
 * import type { EventSource } from "../../src/source/source.ts";
 *
 * declare const source: EventSource, taken: string[];
 * source.start(sinkOf({ deliver: ({ routingKey }) => taken.push(routingKey) }));
 * ```
 */
export function sinkOf(wanted: Partial<EventSink>): EventSink {
  return { opened() {}, deliver() {}, lost() {}, up() {}, down() {}, ...wanted };
}
