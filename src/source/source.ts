import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** One event and its position in the source's log. The source reuses the object. */
export interface SourceEvent {
  /**
   * Its number in the log. It rises from event to event, and may skip numbers without a loss. Below
   * 2^53.
   */
  readonly offset: number;
  /** `public.usdbtc.trades`, `private.ID123.order`, … */
  readonly routingKey: string;
  /** The JSON as published, not yet checked; the source may overwrite it after `deliver`. */
  readonly body: Uint8Array;
  /** Milliseconds since it was published, from the publisher's timestamp; 0 without one. */
  readonly age: number;
  /**
   * Whether it was published before the source was started: for states and the history, not for
   * subscribers of plain streams. Only a log that outlives the process has such events; they come
   * before all others.
   */
  readonly past: boolean;
}

/** Why events may be missing; a label value of metrics. */
export const LOSS_CAUSES = ["connection", "retention", "binding", "replaced"] as const;

/**
 * - `connection`: the connection to the broker was lost, and the queue with it.
 * - `retention`: the stream's limits removed events before they were read.
 * - `binding`: events were published while the stream was not bound to the exchange.
 * - `replaced`: the log is another one, because the stream was deleted. Offsets begin again, and
 *   positions of the former log are worth nothing.
 */
export type LossCause = typeof LOSS_CAUSES[number];

/** Events may be missing between the event delivered last and the one delivered next. */
export interface Loss {
  readonly cause: LossCause;
  /** The log is complete up to this offset; undefined where no event was delivered. */
  readonly after: number | undefined;
}

/** Receives events in the order of the source. Never throws: a bad event is counted and dropped. */
export interface EventSink {
  /**
   * The name of the log that offsets belong to, 8 to 16 characters of `[0-9a-z]`: the same at every
   * process that reads the same log. Called once the name is known, which may be after events of the
   * log were delivered, but not after the first that is not `past`; and again after a loss with the
   * cause `replaced`, when events of the new log may come before it.
   */
  opened(log: string): void;
  /** One event. The object and its body are valid until this returns. */
  deliver(event: SourceEvent): void;
  /**
   * Events may be missing at this point of the log: order books are stale until their next snapshot.
   * An exclusive queue reports it as soon as the connection is lost, a stream when it finds out.
   */
  lost(loss: Loss): void;
  /** Events come in as they are published; called at the start and after each `down`. */
  up(): void;
  /** No events come in. Whether any are lost is not known yet, unless `lost` was called. */
  down(): void;
}

/** How far a source is behind the end of its log. */
export interface SourceLag {
  /** Events between the one delivered last and the end of the log, at least. */
  readonly events: number;
  /** Seconds that the event delivered last was published before now, if there are later ones. */
  readonly seconds: number;
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
  /** The name of the log (see {@linkcode EventSink.opened}), once it is known. */
  readonly log: string | undefined;
  /** Offset of the event delivered last; -1 before the first. */
  readonly position: number;
  /** Whether every event that was in the log when the source was started has been delivered. */
  readonly caughtUp: boolean;
  /** How far it is behind the end of the log. */
  readonly lag: SourceLag;
  /** Times that events may have been lost, by {@linkcode LossCause}. */
  readonly losses: LabelledCounter;
}

/**
 * Where events come from: the broker, or the simulator of `ranger demo`.
 *
 * @example
 * ```ts
 * import { Simulator } from "./simulator/simulator.ts";
 * declare const hub: EventSink;
 * const source: EventSource = new Simulator({ seed: 1 });
 * source.start(hub);
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
