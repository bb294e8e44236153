import type { PayloadOf, Ranger } from "../../client/src/mod.ts";

/** A market's name and ticker. */
export type Ticker = PayloadOf<"global.tickers">[string];

/** All markets that the tickers have named since the page was opened. */
export class Markets {
  readonly tickers = new Map<string, Ticker>();
  readonly #listeners = new Set<() => void>();

  constructor(ranger: Ranger) {
    ranger.on("global.tickers", (tickers) => {
      for (const [id, ticker] of Object.entries(tickers ?? {})) {
        // An exchange may name a market without figures.
        this.tickers.set(id, ticker ?? this.tickers.get(id) ?? {});
      }
      for (const listener of this.#listeners) listener();
    });
  }

  get ids(): string[] {
    return [...this.tickers.keys()];
  }

  /** The display name: `BTC/USD`. */
  nameOf(id: string): string {
    return this.tickers.get(id)?.name || id;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

/**
 * Whether a text is a valid market name. Stream names contain it, where a dot separates words and a
 * comma separates names.
 */
export function isMarketName(name: string): boolean {
  return /^[^\s,.]{1,100}$/.test(name);
}
