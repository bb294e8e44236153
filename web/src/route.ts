/** The views' names in the address. */
export type View = "market" | "streams" | "account";

/** The parts of an address: `#/market/btcusd/1m`. */
export interface Route {
  readonly view: View;
  readonly market: string | undefined;
  readonly period: string | undefined;
}

const VIEWS: readonly View[] = ["market", "streams", "account"];

/**
 * Parses the part of the address after `#`; unknown views become the market's.
 *
 * @example
 * ```ts
 * routeOf("#/market/btcusd/1m"); // { view: "market", market: "btcusd", period: "1m" }
 * ```
 */
export function routeOf(hash: string): Route {
  const [name, market, period] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const view = VIEWS.find((view) => view === name) ?? "market";
  return { view, market: market || undefined, period: period || undefined };
}

/** Returns the address of a market. */
export function marketAddress(market: string, period: string): string {
  return `#/market/${encodeURIComponent(market)}/${period}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
