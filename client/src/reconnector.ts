import { Connection, type ConnectionOwner, type Loss } from "./connection.ts";
import { RangerError } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { State } from "./state.ts";

/** Who uses a line. */
export interface ReconnectorOwner {
  opened(): void;
  received(text: string): void;
  /** In none of these is there a connection; "closed" is said when no more attempts will be made. */
  state(state: State): void;
}

/** A connection that lasted this many milliseconds resets the backoff. */
const GOOD = 10_000;

/**
 * How long to wait before an attempt: exponential backoff with full jitter, so that all the clients
 * of a server that restarts do not come back at once.
 *
 * @param attempt 0 for the first one after a loss
 * @param random from 0 to 1
 * @returns milliseconds
 */
export function backoff(
  attempt: number,
  { minReconnectDelay, maxReconnectDelay }: Pick<
    Settings,
    "minReconnectDelay" | "maxReconnectDelay"
  >,
  random: number = Math.random(),
): number {
  return random * Math.min(maxReconnectDelay, minReconnectDelay * 2 ** attempt);
}

/** One connection after the other. */
export class Reconnector implements ConnectionOwner {
  readonly #settings: Settings;
  readonly #owner: ReconnectorOwner;
  #connection: Connection | undefined;
  /** NaN while nothing is open. */
  #openedAt = NaN;
  #attempt = 0;
  /** Attempts in a row that led to no good connection. */
  #failed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: Settings, owner: ReconnectorOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  /** The open connection. */
  get open(): Connection | undefined {
    return this.#openedAt ? this.#connection : undefined;
  }

  /** @throws {RangerError} `url`: the first connection cannot even be tried */
  connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#connection = new Connection(this.#settings, this);
    } catch (cause) {
      if (!this.#attempt) throw new RangerError("url", `${cause}`, undefined, cause);
      return this.lost({ reason: `${cause}`, code: undefined });
    }
    // Last, so that the listener may close it.
    this.#owner.state({ status: "connecting", attempt: this.#attempt });
  }

  /** Does not wait any longer for the next attempt. */
  reconnect(): void {
    if (this.#timer !== undefined) this.connect();
  }

  /** Ends the connection and connects again, as another user. */
  restart(): void {
    void this.close();
    this.connect();
  }

  /** Ends what there is; resolves when the connection is gone. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#openedAt = NaN;
    this.#attempt = this.#failed = 0;
    await connection?.close();
  }

  opened(): void {
    this.#openedAt = performance.now();
    this.#owner.opened();
  }

  received(text: string): void {
    this.#owner.received(text);
  }

  lost(loss: Loss): void {
    if (performance.now() - this.#openedAt > GOOD) this.#attempt = this.#failed = 0;
    else this.#failed++;
    this.#openedAt = NaN;
    this.#connection = undefined;
    if (this.#failed >= this.#settings.maxReconnectAttempts) {
      return this.#owner.state({ status: "closed", ...loss });
    }
    const wait = backoff(this.#attempt++, this.#settings);
    this.#timer = setTimeout(() => this.connect(), wait);
    const retryAt = Date.now() + wait;
    this.#owner.state({ status: "waiting", ...loss, attempt: this.#attempt, retryAt });
  }
}
