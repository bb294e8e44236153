import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** Receives events in the order of the source. Never throws: a bad event is counted and dropped. */
export interface EventSink {
  /**
   * One event.
   *
   * @param routingKey `public.usdbtc.trades`, `private.ID123.order`, …
   * @param body the JSON as published, not yet checked; valid until this returns, then the source
   * may overwrite it
   * @param age milliseconds since it was published, from the publisher's timestamp; 0 without one
   */
  deliver(routingKey: string, body: Uint8Array, age: number): void;
  /** Events may have been lost: order books are stale until their next snapshot. */
  interrupted(): void;
}

/** The state of a source, for health checks, statistics and metrics. */
export interface SourceState {
  /** Whether events come in as they are published. */
  readonly connected: boolean;
  /** Since when `connected` has its present value. */
  readonly since: Date;
  /** Milliseconds since then, by a monotonic clock. */
  readonly lasted: number;
  /** Whether it was connected at least once. */
  readonly everConnected: boolean;
  /** For people: `consuming from … by ranger.host.12.ab`, `… nothing listens there`. */
  readonly detail: string;
  /** Number of reconnects after a loss. */
  readonly reconnects: number;
  /** Number of losses, each of which may have lost events. */
  readonly interruptions: number;
  /** Seconds without a connection since the first one, with the silence before a loss was noticed. */
  readonly interruptedSeconds: number;
  /** Failed attempts to connect and lost connections, by kind of cause. */
  readonly failures: LabelledCounter;
  /** The last of them, for people; kept after it is over. */
  readonly lastError: string | undefined;
  /** Why the broker blocks publishers, where it does and has sent a notification. */
  readonly blocked: string | undefined;
}

/**
 * Where events come from: the broker, or the simulator of `ranger demo`.
 *
 * @example
 * ```ts
 * import { Simulator } from "./simulator/simulator.ts";
 * const source: EventSource = new Simulator({ seed: 1 });
 * source.start({ deliver: (key, body) => console.log(key, body.length), interrupted() {} });
 * await source.stop();
 * ```
 */
export interface EventSource {
  readonly state: SourceState;
  /** Begins to deliver. Returns at once; the source connects and reconnects by itself. */
  start(sink: EventSink): void;
  /** Stops delivering; resolves when all resources are released. Safe to call twice. */
  stop(): Promise<void>;
}
