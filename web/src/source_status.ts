import type { Ranger, Stop } from "../../client/src/mod.ts";

/** A status message of the server (`?status=1`). */
export interface StatusMessage {
  readonly message?: unknown;
  readonly streams?: unknown;
}

/** The part of the client that the status is read from. */
export type StatusSource = Pick<Ranger, "onMessage" | "onState">;

const START = '{"status":';
/** The client was away, and the server does not know what it missed. */
const CANNOT_RESUME = '{"error":{"message":"Cannot resume."';

/** What the server says about its data: whether events arrive from the exchange, and what is stale. */
export class SourceStatus {
  #down = false;
  readonly #stale = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #listeners = new Set<() => void>();

  constructor(ranger: StatusSource) {
    ranger.onMessage((text) => this.#heard(text));
    ranger.onState(({ status }) => {
      // Each connection begins with what is wrong at that time.
      if (status !== "open") this.#reset();
    });
  }

  /** Whether the server receives nothing from the exchange. */
  get down(): boolean {
    return this.#down;
  }

  /** Whether a stream's increments wait for the exchange's next snapshot. */
  isStale(stream: string): boolean {
    return this.#stale.has(stream);
  }

  /** Whether events of a stream were lost between the exchange and the server. */
  isIncomplete(stream: string): boolean {
    return this.#missing.has(stream);
  }

  onChange(listener: () => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a status message. */
  take({ message, streams }: StatusMessage): void {
    const names = Array.isArray(streams) ? streams.map(String) : [];
    if (message === "source down") this.#down = true;
    else if (message === "source up") this.#down = false;
    else if (message === "stale") { for (const name of names) this.#stale.add(name); }
    else if (message === "events may be missing") {
      for (const name of names) this.#missing.add(name);
    } else return;
    this.#changed();
  }

  #heard(text: string): void {
    if (text.startsWith(START)) {
      this.take((JSON.parse(text) as { status: StatusMessage }).status ?? {});
    }
    if (text.startsWith(CANNOT_RESUME)) {
      const { streams } = (JSON.parse(text) as { error: StatusMessage }).error;
      this.take({ message: "events may be missing", streams });
    }
    // A snapshot ends the stale period of its increments.
    for (const name of this.#stale) {
      if (!text.startsWith(`{${JSON.stringify(name.replace(/-inc$/, "-snap"))}:`)) continue;
      this.#stale.delete(name);
      this.#changed();
    }
  }

  #reset(): void {
    this.#down = false;
    this.#stale.clear();
    this.#missing.clear();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
