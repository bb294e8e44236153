import type { PayloadOf, Ranger } from "../../client/src/mod.ts";

/** One market at a glance. */
export type Ticker = PayloadOf<"global.tickers">[string];

/** All markets that the exchange tells of, as long as the page is open. */
export class Markets {
  readonly tickers = new Map<string, Ticker>();
  readonly #listeners = new Set<() => void>();

  constructor(ranger: Ranger) {
    ranger.on("global.tickers", (tickers) => {
      for (const [id, ticker] of Object.entries(tickers ?? {})) {
        // An exchange may name a market that it has no figures of.
        this.tickers.set(id, ticker ?? this.tickers.get(id) ?? {});
      }
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

/**
 * Whether it can be a market's name: a stream's name is made of it, in which a dot parts words and a
 * comma names.
 */
export function isMarketName(name: string): boolean {
  return /^[^\s,.]{1,100}$/.test(name);
}
