import type { PayloadOf, Ranger } from "../../client/src/mod.ts";

/** One market at a glance. */
export type Ticker = PayloadOf<"global.tickers">[string];

/** All markets that the exchange tells of, as long as the page is open. */
export class Markets {
  readonly tickers = new Map<string, Ticker>();
  readonly #listeners = new Set<() => void>();

  constructor(ranger: Ranger) {
    ranger.on("global.tickers", (tickers) => {
      for (const [id, ticker] of Object.entries(tickers ?? {})) this.tickers.set(id, ticker);
      for (const listener of this.#listeners) listener();
    });
  }

  get ids(): string[] {
    return [...this.tickers.keys()];
  }

  /** The name for people: `BTC/USD`. */
  nameOf(id: string): string {
    return this.tickers.get(id)?.name || id;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
