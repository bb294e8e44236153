import type { Ranger, Stop } from "../../client/src/mod.ts";

/** The part of the client that the status is read from. */
export type StatusSource = Pick<Ranger, "onMessage" | "onState" | "onLoss">;

const STALE = '{"status":{"message":"stale"';

/** What the server says about its data: whether events arrive from the exchange, and what is stale. */
export class SourceStatus {
  #down = false;
  readonly #stale = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #listeners = new Set<() => void>();

  constructor(ranger: StatusSource) {
    // The client knows of its books that they are stale, and not why they are not live.
    ranger.onMessage((text) => this.#heard(text));
    ranger.onLoss((streams) => {
      for (const name of streams) this.#missing.add(name);
      this.#changed();
    });
    ranger.onState((state) => {
      // Each connection begins with what is wrong at that time.
      if (state.status !== "open") return this.#reset();
      const down = state.source === "down";
      if (down === this.#down) return;
      this.#down = down;
      this.#changed();
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

  /** Whether events of a stream were lost between the exchange and the page. */
  isIncomplete(stream: string): boolean {
    return this.#missing.has(stream);
  }

  onChange(listener: () => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #heard(text: string): void {
    if (text.startsWith(STALE)) {
      const { status } = JSON.parse(text) as { status: { streams?: readonly string[] } };
      for (const name of status.streams ?? []) this.#stale.add(name);
      this.#changed();
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
