import { Connection, type ConnectionOwner, type Loss } from "./connection.ts";
import type { Settings } from "./options.ts";
import type { State } from "./state.ts";

/** Who uses a line. */
export interface LineOwner {
  opened(): void;
  received(text: string): void;
  /** In none of these is there a connection; "closed" is said when no more attempts will be made. */
  state(state: State): void;
}

/** After so many milliseconds a connection counts as good, and the next loss begins anew. */
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
  { firstWait, longestWait }: Pick<Settings, "firstWait" | "longestWait">,
  random: number = Math.random(),
): number {
  return random * Math.min(longestWait, firstWait * 2 ** attempt);
}

/** One connection after the other. */
export class Line implements ConnectionOwner {
  readonly #settings: Settings;
  readonly #owner: LineOwner;
  #connection: Connection | undefined;
  #isOpen = false;
  #openedAt = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: Settings, owner: LineOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  /** The open connection. */
  get open(): Connection | undefined {
    return this.#isOpen ? this.#connection : undefined;
  }

  connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#owner.state({ status: "connecting", attempt: this.#attempt });
    this.#connection = new Connection(this.#settings, this);
  }

  /** Does not wait any longer for the next attempt. */
  hurry(): void {
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
    this.#isOpen = false;
    await connection?.close();
  }

  opened(): void {
    this.#isOpen = true;
    this.#openedAt = performance.now();
    this.#owner.opened();
  }

  received(text: string): void {
    this.#owner.received(text);
  }

  lost(loss: Loss): void {
    if (this.#isOpen && performance.now() - this.#openedAt > GOOD) this.#attempt = 0;
    this.#isOpen = false;
    this.#connection = undefined;
    const wait = backoff(this.#attempt++, this.#settings);
    if (this.#attempt >= this.#settings.attempts) {
      return this.#owner.state({ status: "closed", ...loss });
    }
    this.#timer = setTimeout(() => this.connect(), wait);
    const retryAt = Date.now() + wait;
    this.#owner.state({ status: "waiting", ...loss, attempt: this.#attempt, retryAt });
  }
}
