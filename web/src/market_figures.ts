import type { Ticker } from "./market_names.ts";
import { changeOf } from "./market_order.ts";
import { readNumber, textOf, withThousands } from "./numbers.ts";

/** The figures of the last 24 hours, as far as the exchange gives them. */
export function dayFigures(ticker: Ticker): (readonly [name: string, text: string])[] {
  const figures: (readonly [string, string])[] = [];
  const number = (value: unknown) => {
    const text = readNumber(value)?.text;
    return text === undefined ? undefined : withThousands(text);
  };
  const add = (name: string, text: string | undefined) => {
    if (text !== undefined) figures.push([name, text]);
  };
  if (!Number.isNaN(changeOf(ticker))) add("24 h change", textOf(ticker.price_change_percent));
  add("24 h high", number(ticker.high));
  add("24 h low", number(ticker.low));
  // The amount is in the base currency, which the volume is only of older exchanges.
  const amount = number(ticker.amount);
  const unit = typeof ticker.base_unit === "string" ? ` ${ticker.base_unit.toUpperCase()}` : "";
  add("24 h volume", amount === undefined ? number(ticker.volume) : `${amount}${unit}`);
  return figures;
}

/**
 * The title of the tab: `1,020.5 BTC/USD`.
 *
 * @param price as shown; without it only the name
 */
export function pageTitle(name: string, price: string | undefined): string {
  const number = price && readNumber(price.replace(/^[▲▼·] /, ""))?.text;
  return `${number ? `${withThousands(number)} ` : ""}${name} · Ranger`;
}
