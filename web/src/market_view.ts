import type { Book, Ranger, Stop } from "../../client/src/mod.ts";
import { BookTable } from "./book_table.ts";
import { CandlesPanel, periodOf } from "./candles_panel.ts";
import { DepthChart } from "./depth_chart.ts";
import { byId, make, part, write } from "./dom.ts";
import { eachFrame } from "./frame.ts";
import type { Markets } from "./market_names.ts";
import { duration } from "./numbers.ts";
import { marketAddress } from "./route.ts";
import { TickerStrip } from "./ticker_strip.ts";
import { tradesOf, TradesPanel } from "./trades_panel.ts";

/** Milliseconds between two drawings of all but the book: they cost more, and are read slower. */
const BETWEEN = 200;
/** Milliseconds of silence after which it is told. */
const QUIET = 5000;

/** One market: book, depth, candles, trades; and the strip of all of them. */
export class MarketView {
  readonly #ranger: Ranger;
  readonly #markets: Markets;
  readonly #strip: TickerStrip;
  readonly #candles: CandlesPanel;
  readonly #table = new BookTable();
  readonly #depth = new DepthChart();
  readonly #trades = new TradesPanel();
  readonly #panel = part("book");
  readonly #name = byId("market-name", HTMLInputElement);
  readonly #bookChanged = eachFrame(() => this.#drawBook());
  readonly #depthChanged = eachFrame(() => this.#drawDepth(), BETWEEN);
  readonly #traded = eachFrame(() => this.#trades.draw(), BETWEEN);
  #market = "";
  #period = periodOf(undefined);
  #book: Book | undefined;
  #stops: Stop[] = [];
  #shownAt = 0;
  #changedAt = 0;
  #seen = false;

  constructor(ranger: Ranger, markets: Markets) {
    this.#ranger = ranger;
    this.#markets = markets;
    this.#strip = new TickerStrip(markets);
    this.#candles = new CandlesPanel(ranger, (period) => {
      location.hash = marketAddress(this.#market, period);
    });
    markets.onChange(() => this.#named());
    byId("pick", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      const name = this.#name.value.trim().toLowerCase();
      if (name) location.hash = marketAddress(name, this.#period);
      this.#name.value = "";
    };
    setInterval(() => this.#tick(), 1000);
  }

  /** Follows a market; without a name the first that the exchange tells of. */
  show(market: string | undefined, period: string | undefined): void {
    const wanted = market ?? (this.#market || this.#markets.ids[0]);
    if (period !== undefined) this.#period = periodOf(period);
    if (wanted === undefined) return;
    // So that going back leads to this market, and the address can be passed on.
    const address = marketAddress(wanted, this.#period);
    if (location.hash !== address) history.replaceState(null, "", address);
    const same = wanted === this.#market && this.#book !== undefined;
    this.#candles.show(wanted, this.#period);
    this.#strip.mark(wanted, this.#period);
    if (same) return;
    this.hide(false);
    if (wanted !== this.#market) this.#begin(wanted);
    this.#market = wanted;
    this.#follow(wanted);
    this.#tick();
  }

  /** Lets go of the market's streams. */
  hide(everything = true): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#book?.close();
    this.#book = undefined;
    if (everything) this.#candles.hide();
  }

  recolour(): void {
    this.#candles.recolour();
    this.#depth.recolour();
    this.#depthChanged();
  }

  #begin(market: string): void {
    this.#seen = false;
    this.#panel.classList.add("empty");
    this.#table.clear();
    this.#depth.clear();
    this.#trades.clear();
    this.#trades.draw();
    write(part("market-title"), this.#markets.nameOf(market));
  }

  #follow(market: string): void {
    this.#shownAt = this.#changedAt = performance.now();
    const book = this.#book = this.#ranger.book(market);
    book.onChange(() => {
      this.#changedAt = performance.now();
      this.#bookChanged();
      this.#depthChanged();
    });
    this.#stops.push(this.#ranger.on(`${market}.trades`, (payload) => {
      const trades = tradesOf(payload);
      this.#trades.add(trades);
      this.#candles.trades(trades);
      this.#traded();
    }));
  }

  #drawBook(): void {
    const book = this.#book;
    if (!book) return;
    this.#panel.dataset.live = String(book.live);
    if (book.live && !this.#seen) {
      this.#seen = true;
      this.#panel.classList.remove("empty");
      this.#tick();
    }
    if (this.#seen) this.#table.draw(book);
  }

  #drawDepth(): void {
    if (this.#book && this.#seen) this.#depth.draw(this.#book);
  }

  #named(): void {
    const list = part("market-names");
    const ids = this.#markets.ids;
    if (list.children.length !== ids.length) {
      list.replaceChildren(...ids.map((id) => make("option", { value: id })));
    }
    if (!part("view-market").hidden && this.#market === "") this.show(undefined, undefined);
    if (this.#market) write(part("market-title"), this.#markets.nameOf(this.#market));
  }

  /** What is to be said while nothing comes. */
  #tick(): void {
    const now = performance.now();
    const note = part("book-note");
    const open = this.#ranger.state.status === "open";
    const quiet = now - this.#changedAt;
    note.hidden = this.#seen && (this.#book?.live ?? true);
    if (!this.#seen) {
      write(
        note,
        !open
          ? "Waiting for the connection…"
          : this.#market === ""
          ? "The exchange has not told of its markets yet. Name one above, if you know one."
          : now - this.#shownAt < QUIET
          ? "Waiting for the order book…"
          : `The exchange has sent no order book of ${this.#market}. Is that its name?`,
      );
    } else if (!this.#book?.live) {
      write(
        note,
        open ? "Waiting for the book anew…" : "As it was before the connection was lost.",
      );
    }
    const told = this.#seen && this.#book?.live && open && quiet > QUIET;
    write(part("book-legend"), told ? `quiet for ${duration(quiet)}` : "");
  }
}
