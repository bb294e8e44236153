import { byId, make, part, write } from "./dom.ts";
import { Favourites } from "./favourites.ts";
import type { Markets } from "./market_names.ts";
import { changeOf, fits, type ListedMarket, type MarketSort, ordered } from "./market_order.ts";
import { shown, textOf, withThousands } from "./numbers.ts";
import { marketAddress } from "./route.ts";
import { seldom } from "./screen.ts";

interface Entry {
  readonly link: HTMLAnchorElement;
  readonly name: HTMLElement;
  readonly last: HTMLElement;
  readonly change: HTMLElement;
}

/** All markets side by side, each a link to its view: searched, sorted, and led by favourites. */
export class MarketPicker {
  readonly #root = part("tickers");
  readonly #note = part("tickers-note");
  readonly #search = byId("market-name", HTMLInputElement);
  readonly #sort = byId("market-sort", HTMLSelectElement);
  readonly #star = byId("favourite", HTMLButtonElement);
  readonly #markets: Markets;
  readonly #favourites = new Favourites();
  readonly #entries = new Map<string, Entry>();
  readonly #changed = seldom.drawing(() => this.#draw());
  /** Ids in the order shown. */
  #order: readonly string[] = [];
  #current = "";
  #period = "";
  /** Whether the markets must be put into another order, also while they are used. */
  #mustSort = false;

  constructor(markets: Markets) {
    this.#markets = markets;
    markets.onChange(this.#changed);
    this.#search.oninput = () => this.#filter();
    this.#sort.onchange = () => this.#sortAgain();
    this.#star.onclick = () => {
      if (this.#current === "") return;
      this.#favourites.toggle(this.#current);
      this.#drawStar();
      this.#sortAgain();
    };
    this.#root.onkeydown = (event) => this.#pressed(event);
  }

  /** Marks the current market, and scrolls to it. */
  mark(market: string, period: string): void {
    const another = market !== this.#current;
    this.#current = market;
    this.#period = period;
    for (const [id, { link }] of this.#entries) this.#point(id, link);
    this.#rove(this.#entries.get(market)?.link);
    this.#drawStar();
    if (another) this.#reveal();
  }

  /**
   * The id of the market that the search means: one with that id or name, otherwise the first one
   * shown, otherwise the text itself.
   */
  get searched(): string {
    const text = this.#search.value.trim();
    const id = this.#markets.idOf(text);
    if (text === "" || this.#markets.tickers.has(id)) return id;
    return this.#order.find((id) => !this.#entries.get(id)!.link.hidden) ?? id;
  }

  /** Empties the search. */
  clearSearch(): void {
    this.#search.value = "";
    this.#filter();
  }

  #point(id: string, link: HTMLAnchorElement): void {
    link.setAttribute("href", marketAddress(id, this.#period));
    if (id === this.#current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }

  /** Makes one link the list's only tab stop; the arrow keys lead to the others. */
  #rove(to: HTMLAnchorElement | undefined): void {
    const stop = to && !to.hidden ? to : this.#shown()[0];
    for (const { link } of this.#entries.values()) link.tabIndex = link === stop ? 0 : -1;
  }

  /** Links in the order shown. */
  #shown(): HTMLAnchorElement[] {
    return this.#order.map((id) => this.#entries.get(id)!.link).filter(({ hidden }) => !hidden);
  }

  #pressed(event: KeyboardEvent): void {
    const links = this.#shown();
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (at < 0) return;
    const next = {
      ArrowRight: links[at + 1],
      ArrowLeft: links[at - 1],
      Home: links[0],
      End: links.at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    this.#rove(next);
    next.focus();
  }

  #draw(): void {
    for (const [id, ticker] of this.#markets.tickers) {
      const { name, last, change } = this.#entries.get(id) ?? this.#add(id);
      write(name, `${this.#favourites.has(id) ? "★ " : ""}${this.#markets.nameOf(id)}`);
      write(last, withThousands(shown(ticker.last)));
      const percent = textOf(ticker.price_change_percent ?? "");
      write(change, percent);
      change.className = directionOf(changeOf(ticker));
    }
    // Nothing moves away under the pointer or the focus.
    const used = this.#root.matches(":hover, :focus-within");
    if (this.#mustSort || !used) this.#arrange();
  }

  #sortAgain(): void {
    this.#mustSort = true;
    this.#changed();
  }

  #arrange(): void {
    this.#mustSort = false;
    const all = [...this.#markets.tickers].map(([id, ticker]): ListedMarket => ({
      id,
      ticker,
      name: this.#markets.nameOf(id),
      favourite: this.#favourites.has(id),
    }));
    const order = ordered(all, this.#sort.value as MarketSort).map(({ id }) => id);
    if (order.length === this.#order.length && order.every((id, at) => id === this.#order[at])) {
      return;
    }
    this.#order = order;
    const focused = document.activeElement;
    this.#root.append(...order.map((id) => this.#entries.get(id)!.link));
    if (focused instanceof HTMLElement && this.#root.contains(focused)) focused.focus();
    this.#filter();
    this.#reveal();
  }

  #filter(): void {
    const text = this.#search.value.trim();
    let found = 0;
    for (const [id, { link }] of this.#entries) {
      link.hidden = !fits({ id, name: this.#markets.nameOf(id) }, text);
      if (!link.hidden) found++;
    }
    this.#note.hidden = found > 0;
    write(this.#note, this.#entries.size > 0 ? "No market fits." : "Waiting for the tickers…");
    this.#rove(this.#entries.get(this.#current)?.link);
  }

  #reveal(): void {
    const link = this.#entries.get(this.#current)?.link;
    if (!link || link.hidden) return;
    // Not `scrollIntoView`, which scrolls the page as well.
    this.#root.scrollLeft = link.offsetLeft - (this.#root.clientWidth - link.offsetWidth) / 2;
  }

  #drawStar(): void {
    const is = this.#favourites.has(this.#current);
    this.#star.hidden = this.#current === "";
    this.#star.setAttribute("aria-pressed", String(is));
    write(this.#star, is ? "★" : "☆");
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
    this.#entries.set(id, entry);
    return entry;
  }
}

/** @param change in per cent */
function directionOf(change: number): "up" | "down" | "" {
  if (change > 0) return "up";
  return change < 0 ? "down" : "";
}
