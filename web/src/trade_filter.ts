import type { PublicTrade } from "./public_trade.ts";

/** Maximum trades that are remembered. */
const MAX_TRADES = 3000;

/**
 * Passes each trade once: a new subscription begins with recent trades, of which the page may have
 * some. Trades without an id cannot be recognised, and pass.
 */
export class TradeFilter {
  readonly #seen = new Set<string>();

  fresh(trades: readonly PublicTrade[]): PublicTrade[] {
    return trades.filter((trade) => {
      if (trade.id === "") return true;
      const { id, time, price, amount, side } = trade;
      // Not the id alone: an exchange that is reset numbers its trades from the beginning.
      const key = JSON.stringify([id, time, price, amount, side]);
      if (this.#seen.has(key)) return false;
      this.#seen.add(key);
      if (this.#seen.size > MAX_TRADES) this.#seen.delete(this.#seen.keys().next().value!);
      return true;
    });
  }

  clear(): void {
    this.#seen.clear();
  }
}
