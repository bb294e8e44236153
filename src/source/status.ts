import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import type { Failure } from "./amqp/failure.ts";
import type { Loss, SourceLag, SourceState } from "./source.ts";

const NO_LAG: SourceLag = { events: 0, seconds: 0 };

/**
 * The state of a source, which the source updates (see {@linkcode SourceState}).
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
  interruptions = 0;
  readonly failures: LabelledCounter = new LabelledCounter();
  lastError: string | undefined;
  blocked: string | undefined;
  log: string | undefined;
  position = -1;
  caughtUp = true;
  /** Set by a source that can be behind. */
  readLag: () => SourceLag = () => NO_LAG;
  readonly losses: LabelledCounter = new LabelledCounter();
  /** Milliseconds of the interruptions that are over. */
  #interrupted = 0;
  #stopped = false;
  /** The moment of `since` by the monotonic clock. */
  #turned = performance.now();

  get lasted(): number {
    return performance.now() - this.#turned;
  }

  get lag(): SourceLag {
    return this.readLag();
  }

  get interruptedSeconds(): number {
    return (this.#interrupted + (this.#isInterrupted ? this.lasted : 0)) / 1000;
  }

  /** Events come in. */
  up(detail: string): void {
    if (this.everConnected) this.reconnects++;
    if (this.#isInterrupted) this.#interrupted += this.lasted;
    this.everConnected = true;
    this.#stopped = false;
    this.#turn(true, detail);
  }

  /**
   * Events do not come in; also called to replace the detail.
   *
   * @param silence milliseconds before this in which nothing came from the source
   */
  down(detail: string, silence = 0): void {
    this.blocked = undefined;
    if (this.connected) {
      this.interruptions++;
      this.#interrupted += silence;
    }
    this.#turn(false, detail);
  }

  /** The source is stopped, which is not an interruption. */
  stop(detail = "stopped"): void {
    if (this.#isInterrupted) this.#interrupted += this.lasted;
    this.#stopped = true;
    this.blocked = undefined;
    this.#turn(false, detail);
  }

  /** Counts a failure. */
  failed({ kind }: Failure, text: string): void {
    this.failures.add(kind);
    this.lastError = text;
  }

  /** Counts a loss of events. @returns the loss, for the sink */
  lost(cause: Loss["cause"]): Loss {
    this.losses.add(cause);
    return { cause, after: this.position === -1 ? undefined : this.position };
  }

  get #isInterrupted(): boolean {
    return this.everConnected && !this.connected && !this.#stopped;
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
