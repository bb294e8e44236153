import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import type { Failure } from "./amqp/failure.ts";
import type { SourceState } from "./source.ts";

/**
 * The state of a source, updated by the source (see {@linkcode SourceState}).
 *
 * @example
 * ```ts
 * const status = new SourceStatus();
 * status.up("consuming from peatio.events.ranger by ranger.mq.12.ab");
 * status.down("the broker mq:5672: nothing listens there");
 * status.connected; // false
 * ```
 */
export class SourceStatus implements SourceState {
  connected = false;
  since: Date = new Date();
  everConnected = false;
  detail = "not started";
  reconnects = 0;
  readonly failures: LabelledCounter = new LabelledCounter();
  lastError: string | undefined;
  blocked: string | undefined;
  /** The time of `since` by the monotonic clock. */
  #changedAt = performance.now();

  get lasted(): number {
    return performance.now() - this.#changedAt;
  }

  /** The source is connected. */
  up(detail: string): void {
    if (this.everConnected) this.reconnects++;
    this.everConnected = true;
    this.#set(true, detail);
  }

  /** The source is not connected; may be called again with a new description. */
  down(detail: string): void {
    this.blocked = undefined;
    this.#set(false, detail);
  }

  /** Counts a failure. */
  failed({ kind }: Failure, text: string): void {
    this.failures.add(kind);
    this.lastError = text;
  }

  #set(connected: boolean, detail: string): void {
    if (this.connected !== connected) {
      this.since = new Date();
      this.#changedAt = performance.now();
    }
    this.connected = connected;
    this.detail = detail;
  }
}
