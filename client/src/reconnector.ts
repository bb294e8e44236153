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

/** After so many milliseconds a connection counts as good, and the next loss begins anew. */
const STABLE_AFTER_MS = 10_000;

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
  #failures = 0;
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
    // At last, so that whoever is told may close it.
    this.#owner.state({ status: "connecting", attempt: this.#attempt });
  }

  /** Does not wait any longer for the next attempt. */
  reconnect(): void {
    if (this.#timer !== undefined) this.connect();
  }

  /** Ends what there is, and begins anew: as somebody else. */
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
    this.#attempt = this.#failures = 0;
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
