import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** Takes events in, in the order of the source. Never throws: a bad event is counted and dropped. */
export interface EventSink {
  /**
   * One event.
   *
   * @param routingKey `public.usdbtc.trades`, `private.ID123.order`, …
   * @param body the JSON as published, not yet checked; lent until this returns: the source may
   * write over it then
   * @param age milliseconds since it was published, from the publisher's timestamp; 0 without one
   */
  deliver(routingKey: string, body: Uint8Array, age: number): void;
  /** Events may have been lost: order books are unsure until their next snapshot. */
  interrupted(): void;
}

/** How a source is doing, for health answers, statistics and metrics. */
export interface SourceState {
  /** Whether events come in as they are published. */
  readonly connected: boolean;
  /** Since when it is connected, or is not. */
  readonly since: Date;
  /** Milliseconds since then, which no setting of the wall clock changes. */
  readonly lasted: number;
  /** Whether it was ever connected: before that, there is nothing that it lost. */
  readonly everConnected: boolean;
  /** What a person wants to know: `consuming from … by ranger.host.12.ab`, `… nothing listens there`. */
  readonly detail: string;
  /** How often the source came back after it was lost. */
  readonly reconnects: number;
  /** How often it was lost: each time events may have been lost with it. */
  readonly interruptions: number;
  /** Seconds without it since it was first connected, and before each loss without a sign of life. */
  readonly interruptedSeconds: number;
  /** Attempts to connect that failed and connections that were lost, by kind of cause. */
  readonly failures: LabelledCounter;
  /** The last of them, in words; kept when it is over. */
  readonly lastError: string | undefined;
  /** Why the broker takes no more from publishers, where it does not and told us. */
  readonly blocked: string | undefined;
}

/**
 * Where events come from: the broker, or the simulator of `ranger demo`.
 *
 * @example
 * ```ts
 * const source: EventSource = new Simulator({ seed: 1 });
 * source.start({ deliver: (key, body) => console.log(key, body.length), interrupted() {} });
 * await source.stop();
 * ```
 */
export interface EventSource {
  readonly state: SourceState;
  /** Begins to deliver. Returns at once; connecting and reconnecting are the source's own affair. */
  start(sink: EventSink): void;
  /** Stops delivering and lets go of everything; resolves when that is done. Safe to call twice. */
  stop(): Promise<void>;
}
