import { Connection, type ConnectionOwner, type Loss } from "./connection.ts";
import { RangerError } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { State } from "./state.ts";

/** Receives the events of a {@linkcode Reconnector}. */
export interface ReconnectorOwner {
  opened(): void;
  received(text: string): void;
  /** Called with states without a connection; "closed" means that no further attempt follows. */
  state(state: State): void;
}

/** A connection that lasted this long resets the backoff. */
const STABLE_AFTER_MS = 10_000;

/**
 * Returns the wait before an attempt: exponential backoff with full jitter, so that the clients of
 * a restarted server do not all reconnect at once.
 *
 * @param attempt 0 for the first attempt after a loss
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

/** Opens a connection, and replaces it when it is lost. */
export class Reconnector implements ConnectionOwner {
  readonly #settings: Settings;
  readonly #owner: ReconnectorOwner;
  readonly received: (text: string) => void;
  #connection: Connection | undefined;
  /** Time of `performance.now()`; NaN while no connection is open. */
  #openedAt = NaN;
  #attempt = 0;
  /** Attempts in a row without a stable connection. */
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: Settings, owner: ReconnectorOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.received = owner.received;
  }

  /** The open connection, if there is one. */
  get open(): Connection | undefined {
    return this.#openedAt ? this.#connection : undefined;
  }

  /** @throws {RangerError} `url`: the runtime refuses to create the first WebSocket */
  connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#connection = new Connection(this.#settings, this);
    } catch (cause) {
      if (!this.#attempt) throw new RangerError("url", `${cause}`, undefined, cause);
      return this.lost({ reason: `${cause}`, code: undefined });
    }
    // Last, because the owner may close the connection.
    this.#owner.state({ status: "connecting", attempt: this.#attempt });
  }

  /** Starts the next attempt now instead of waiting for it; checks a connection that is open. */
  reconnect(): void {
    if (this.#timer !== undefined) this.connect();
    else this.open?.check();
  }

  /** Closes the connection and opens another one, for another identity. */
  restart(): void {
    void this.close();
    this.connect();
  }

  /** Closes the connection and stops reconnecting; resolves when the connection is closed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#openedAt = NaN;
    this.#attempt = this.#failures = 0;
    await connection?.close();
  }

  opened(): void {
    this.#openedAt = performance.now();
    this.#owner.opened();
  }

  lost(loss: Loss): void {
    if (performance.now() - this.#openedAt > STABLE_AFTER_MS) this.#attempt = this.#failures = 0;
    else this.#failures++;
    this.#openedAt = NaN;
    this.#connection = undefined;
    if (this.#failures >= this.#settings.maxReconnectAttempts) {
      return this.#owner.state({ status: "closed", ...loss });
    }
    const wait = backoff(this.#attempt++, this.#settings);
    this.#timer = setTimeout(() => this.connect(), wait);
    const retryAt = Date.now() + wait;
    this.#owner.state({ status: "waiting", ...loss, attempt: this.#attempt, retryAt });
  }
}
