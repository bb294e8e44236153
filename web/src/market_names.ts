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

  /** The id of the market that a text means: an id or a name, in any case, with or without `/`. */
  idOf(text: string): string {
    return idOf(text, this.ids.map((id) => [id, this.nameOf(id)]));
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

/**
 * The id of the market that a text means, or the text where no market fits: the exchange may have
 * markets that the tickers do not name.
 *
 * @param markets ids and names
 *
 * @example
 * ```ts
 * idOf("BTC/USD", [["btcusd", "BTC/USD"]]); // "btcusd"
 * idOf("nosuch", [["btcusd", "BTC/USD"]]); // "nosuch"
 * ```
 */
export function idOf(text: string, markets: readonly (readonly [string, string])[]): string {
  const given = text.trim();
  if (markets.some(([id]) => id === given)) return given;
  const wanted = bare(given);
  return markets.find((market) => market.some((word) => bare(word) === wanted))?.[0] ?? given;
}

/** What is left of a name when case and separators do not count. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/[\s/_-]/g, "");
}

/**
 * Whether a text is a valid market name. Stream names contain it, where a dot separates words and a
 * comma separates names.
 */
export function isMarketName(name: string): boolean {
  return /^[^\s,.]{1,100}$/.test(name);
}
