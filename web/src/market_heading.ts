import { make, part, write } from "./dom.ts";
import type { Ticker } from "./market_names.ts";
import { dayFigures, pageTitle } from "./market_figures.ts";
import { readNumber, shown, withThousands } from "./numbers.ts";

/** What the heading shows. */
export interface Headline {
  /** The market's display name; empty while none is selected. */
  readonly name: string;
  readonly ticker: Ticker | undefined;
  /** The latest trade's price with its direction; empty without one. */
  readonly last: { readonly direction: string; readonly text: string };
  /** Whether the data is current: the tab's title shows no other price. */
  readonly live: boolean;
}

/** A market's name, last price and figures of the day, above its panels and in the tab's title. */
export class MarketHeading {
  readonly #title = part("market-title");
  readonly #last = part("last");
  readonly #day = part("day");
  readonly #values = new Map<string, HTMLElement>();

  draw({ name, ticker = {}, last, live }: Headline): void {
    write(this.#title, name || "Market");
    const text = last.text || (readNumber(ticker.last) ? shown(ticker.last) : "");
    this.#last.className = `last ${last.text ? last.direction : ""}`;
    write(this.#last, text.replace(/\S+$/, withThousands));
    document.title = pageTitle(name || "Market", live ? text : undefined);
    const figures = dayFigures(ticker);
    if (figures.length !== this.#values.size || figures.some(([name]) => !this.#values.has(name))) {
      this.#values.clear();
      this.#day.replaceChildren(...figures.map(([name]) => {
        const value = make("dd");
        this.#values.set(name, value);
        return make("div", {}, make("dt", {}, name), value);
      }));
    }
    for (const [name, text] of figures) write(this.#values.get(name)!, text);
    this.#day.hidden = figures.length === 0;
  }
}
