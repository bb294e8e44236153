import { make, part, write } from "./dom.ts";
import type { Markets } from "./market_names.ts";
import { shown, textOf } from "./numbers.ts";
import { seldom } from "./screen.ts";
import { marketAddress } from "./route.ts";

interface Entry {
  readonly link: HTMLAnchorElement;
  readonly name: HTMLElement;
  readonly last: HTMLElement;
  readonly change: HTMLElement;
}

/** All markets side by side, each a link to its view. */
export class TickerStrip {
  readonly #root = part("tickers");
  readonly #markets: Markets;
  readonly #entries = new Map<string, Entry>();
  #current = "";
  #period = "";

  constructor(markets: Markets) {
    this.#markets = markets;
    markets.onChange(seldom.drawing(() => this.#draw()));
  }

  /** Marks the current market. */
  mark(market: string, period: string): void {
    this.#current = market;
    this.#period = period;
    for (const [id, { link }] of this.#entries) this.#point(id, link);
  }

  #point(id: string, link: HTMLAnchorElement): void {
    link.setAttribute("href", marketAddress(id, this.#period));
    if (id === this.#current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }

  #draw(): void {
    if (this.#entries.size === 0 && this.#markets.tickers.size > 0) this.#root.replaceChildren();
    for (const [id, ticker] of this.#markets.tickers) {
      const { name, last, change } = this.#entries.get(id) ?? this.#add(id);
      write(name, this.#markets.nameOf(id));
      write(last, shown(ticker.last));
      const percent = textOf(ticker.price_change_percent ?? "");
      write(change, percent);
      change.className = directionOf(percent);
    }
  }

  #add(id: string): Entry {
    const entry = {
      link: make("a"),
      name: make("strong"),
      last: make("span"),
      change: make("span"),
    };
    entry.link.append(entry.name, entry.last, entry.change);
    this.#point(id, entry.link);
    this.#root.append(entry.link);
    this.#entries.set(id, entry);
    return entry;
  }
}

/** `+0.10%` is up, `-0.10%` down, `+0.00%` neither. */
export function directionOf(percent: string): "up" | "down" | "" {
  const number = parseFloat(percent);
  if (number > 0) return "up";
  return number < 0 ? "down" : "";
}
