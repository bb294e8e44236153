import { bare, type Ticker } from "./market_names.ts";
import { readNumber } from "./numbers.ts";

/** What the list of markets can be sorted by. */
export type MarketSort = "listed" | "name" | "change" | "volume";

/** A market of the list. */
export interface ListedMarket {
  readonly id: string;
  readonly name: string;
  readonly ticker: Ticker;
  readonly favourite: boolean;
}

/** A ticker's change in per cent: `+0.10%` is 0.1. NaN if there is none. */
export function changeOf({ price_change_percent: percent }: Ticker): number {
  return parseFloat(String(percent ?? ""));
}

/** A ticker's volume as a number, in the quote currency where both are known; NaN if there is none. */
function volumeOf({ volume, amount }: Ticker): number {
  return readNumber(volume ?? amount)?.value ?? NaN;
}

/**
 * Sorts markets: favourites first, largest change or volume first, and markets without a figure
 * last. Equal ones stay in the exchange's order.
 */
export function ordered(markets: readonly ListedMarket[], sort: MarketSort): ListedMarket[] {
  const figure = sort === "change" ? changeOf : volumeOf;
  const rank = ({ ticker }: ListedMarket) => {
    const value = figure(ticker);
    return Number.isNaN(value) ? -Infinity : value;
  };
  return markets.toSorted((a, b) => {
    const first = Number(b.favourite) - Number(a.favourite);
    if (first !== 0 || sort === "listed") return first;
    if (sort === "name") return a.name.localeCompare(b.name);
    const [x, y] = [rank(a), rank(b)];
    return x === y ? 0 : y > x ? 1 : -1;
  });
}

/** Whether a market's id or name contains a text, whatever the case and separators. */
export function fits({ id, name }: Pick<ListedMarket, "id" | "name">, text: string): boolean {
  const wanted = bare(text);
  return bare(id).includes(wanted) || bare(name).includes(wanted);
}
