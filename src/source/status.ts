import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import type { Failure } from "./amqp/failure.ts";
import type { SourceState } from "./source.ts";

/**
 * How a source of events is doing, as it goes along (see {@linkcode SourceState}).
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
  /** When `since` was by a clock that nobody sets. */
  #turned = performance.now();

  get lasted(): number {
    return performance.now() - this.#turned;
  }

  /** Events come in. */
  up(detail: string): void {
    if (this.everConnected) this.reconnects++;
    this.everConnected = true;
    this.#turn(true, detail);
  }

  /** They do not, or not any more; also to say something new about it. */
  down(detail: string): void {
    this.blocked = undefined;
    this.#turn(false, detail);
  }

  /** One more failure, whatever it ended. */
  failed({ kind }: Failure, text: string): void {
    this.failures.add(kind);
    this.lastError = text;
  }

  #turn(connected: boolean, detail: string): void {
    if (this.connected !== connected) {
      this.since = new Date();
      this.#turned = performance.now();
    }
    this.connected = connected;
    this.detail = detail;
  }
}
