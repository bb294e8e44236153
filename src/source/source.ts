import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** Receives events in the order of the source. Never throws: a bad event is counted and dropped. */
export interface EventSink {
  /**
   * One event.
   *
   * @param routingKey `public.usdbtc.trades`, `private.ID123.order`, …
   * @param body the JSON as published, not validated; the source may reuse its buffer after this call
   * returns
   * @param age milliseconds since it was published, from the publisher's timestamp; 0 without one
   */
  deliver(routingKey: string, body: Uint8Array, age: number): void;
  /** Events may have been lost: states are stale until their next snapshot. */
  interrupted(): void;
}

/** The state of a source, for health checks, statistics and metrics. */
export interface SourceState {
  /** Whether events are received as they are published. */
  readonly connected: boolean;
  /** When `connected` changed last. */
  readonly since: Date;
  /** Milliseconds since then, by a monotonic clock. */
  readonly lasted: number;
  /** Whether it was ever connected; before that, no connection can have been lost. */
  readonly everConnected: boolean;
  /** A description for operators: `consuming from … by ranger.host.12.ab`, `… nothing listens there`. */
  readonly detail: string;
  /** The number of times the source has reconnected. */
  readonly reconnects: number;
  /** Failed attempts to connect and lost connections, by cause. */
  readonly failures: LabelledCounter;
  /** A description of the last failure; kept after the source has reconnected. */
  readonly lastError: string | undefined;
  /** Why the broker blocks publishers, if it has reported that. */
  readonly blocked: string | undefined;
}

/**
 * Where events come from: the broker, or the simulator of `ranger demo`.
 *
 * @example
 * ```ts
 * import { Simulator } from "./simulator/simulator.ts";
 *
 * const source: EventSource = new Simulator({ seed: 1 });
 * source.start({ deliver: (key, body) => console.log(key, body.length), interrupted() {} });
 * await source.stop();
 * ```
 */
export interface EventSource {
  readonly state: SourceState;
  /** Starts to deliver. Returns at once; the source connects and reconnects by itself. */
  start(sink: EventSink): void;
  /** Stops delivering and releases all resources; resolves when done. Safe to call twice. */
  stop(): Promise<void>;
}
