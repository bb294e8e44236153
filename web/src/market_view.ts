import type { Book, Ranger, Stop } from "../../client/src/mod.ts";
import { BookTable } from "./book_table.ts";
import { CandlesPanel, periodOf } from "./candles_panel.ts";
import { DepthChart } from "./depth_chart.ts";
import { byId, part, write } from "./dom.ts";
import { bookNote } from "./book_note.ts";
import { MarketHeading } from "./market_heading.ts";
import { isMarketName, type Markets } from "./market_names.ts";
import { duration } from "./numbers.ts";
import { often, seldom } from "./screen.ts";
import { marketAddress } from "./route.ts";
import { MarketPicker } from "./market_picker.ts";
import { tradesOf } from "./public_trade.ts";
import type { SourceStatus } from "./source_status.ts";
import { isOnline } from "./state_line.ts";
import { TradesPanel } from "./trades_panel.ts";

/** Recent trades to begin with. */
const RECENT_EVENTS = 300;

/** Time without a change after which the book is marked as quiet. */
const QUIET_AFTER_MS = 5000;

/** One market: book, depth, candles and trades; and the strip of all markets. */
export class MarketView {
  readonly #ranger: Ranger;
  readonly #markets: Markets;
  readonly #source: SourceStatus;
  readonly #picker: MarketPicker;
  readonly #heading = new MarketHeading();
  readonly #candles: CandlesPanel;
  readonly #table = new BookTable(() => this.#bookChanged());
  readonly #depth = new DepthChart();
  readonly #trades = new TradesPanel();
  readonly #view = part("view-market");
  readonly #panel = part("book");
  readonly #name = byId("market-name", HTMLInputElement);
  readonly #bookChanged = often.drawing(() => this.#drawBook());
  readonly #depthChanged = seldom.drawing(() => this.#drawDepth());
  readonly #traded = seldom.drawing(() => {
    this.#trades.draw();
    this.#drawHeading();
  });
  readonly #headingChanged = seldom.drawing(() => this.#drawHeading());
  /** Empty until a market is known, and if the address names an invalid one. */
  #market = "";
  #misnamed = false;
  #period = periodOf(undefined);
  #book: Book | undefined;
  #stops: Stop[] = [];
  #shownAt = 0;
  #changedAt = 0;
  #seen = false;
  #empty = false;
  /** The order book could not be read, and is requested again. */
  #unreadable = false;

  constructor(ranger: Ranger, source: SourceStatus, markets: Markets) {
    this.#ranger = ranger;
    this.#source = source;
    this.#markets = markets;
    this.#picker = new MarketPicker(markets);
    this.#candles = new CandlesPanel(ranger, (period) => {
      location.hash = marketAddress(this.#market, period);
    });
    markets.onChange(() => this.#named());
    const stateChanged = () => this.#stale();
    ranger.onState(stateChanged);
    source.onChange(stateChanged);
    for (const event of ["online", "offline"]) addEventListener(event, stateChanged);
    ranger.onError(({ code, stream }) => {
      if (code !== "protocol" || !stream?.startsWith(`${this.#market}.ob-`)) return;
      this.#unreadable = true;
      this.#tick();
    });
    byId("pick", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      const name = this.#picker.searched;
      if (name === "") return;
      this.#problem(isMarketName(name) ? undefined : name);
      // The current market stays, so that the user can correct the name.
      if (!isMarketName(name)) return this.#name.focus();
      location.hash = marketAddress(name, this.#period);
      this.#picker.clearSearch();
    };
    setInterval(() => this.#tick(), 1000);
  }

  /** Shows a market; without a name, the first one in the tickers. */
  show(market: string | undefined, period: string | undefined): void {
    const wanted = market ?? (this.#market || this.#markets.ids[0]);
    if (period !== undefined) this.#period = periodOf(period);
    this.#misnamed = wanted !== undefined && !isMarketName(wanted);
    this.#problem(this.#misnamed ? wanted : undefined);
    if (wanted === undefined) return;
    if (this.#misnamed) return this.#showNone();
    // So that the history and a shared link lead to this market.
    const address = marketAddress(wanted, this.#period);
    if (location.hash !== address) history.replaceState(null, "", address);
    const same = wanted === this.#market && this.#book !== undefined;
    this.#candles.show(wanted, this.#period);
    this.#headingChanged();
    this.#picker.mark(wanted, this.#period);
    if (same) return;
    this.hide(false);
    if (wanted !== this.#market) this.#begin(wanted);
    this.#market = wanted;
    this.#follow(wanted);
    this.#tick();
  }

  /** Unsubscribes from the market's streams. */
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

  /** Shows that the market's name is invalid; other markets can still be selected. */
  #showNone(): void {
    this.hide();
    this.#begin("");
    this.#market = "";
    this.#candles.show("", this.#period);
    this.#headingChanged();
    this.#picker.mark("", this.#period);
    this.#tick();
  }

  #begin(market: string): void {
    this.#seen = this.#empty = this.#unreadable = false;
    this.#panel.classList.add("empty");
    this.#table.clear();
    this.#depth.clear();
    this.#trades.clear();
    this.#trades.draw();
    part("last").textContent = "";
    write(part("trades-note"), market ? "Waiting for a trade…" : "No market selected.");
  }

  #follow(market: string): void {
    this.#shownAt = this.#changedAt = performance.now();
    const book = this.#book = this.#ranger.book(market, { notify: "message" });
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
    }, { last: RECENT_EVENTS }));
  }

  #drawBook(): void {
    const book = this.#book;
    if (!book) return;
    this.#panel.dataset.live = String(this.#current);
    if (book.live && (this.#unreadable || !this.#seen)) {
      this.#unreadable = false;
      this.#seen = true;
      this.#tick();
    }
    if (!this.#seen) return;
    this.#table.draw(book);
    const empty = isEmpty(book);
    if (this.#panel.classList.toggle("empty", empty) !== this.#empty) {
      this.#empty = empty;
      this.#tick();
    }
  }

  #drawDepth(): void {
    if (this.#book && this.#seen) this.#depth.draw(this.#book);
  }

  #named(): void {
    const none = this.#market === "" && !this.#misnamed;
    if (!this.#view.hidden && none) this.show(undefined, undefined);
    this.#headingChanged();
  }

  #drawHeading(): void {
    // The other views have other titles.
    if (this.#view.hidden) return;
    this.#heading.draw({
      name: this.#market && this.#markets.nameOf(this.#market),
      ticker: this.#markets.tickers.get(this.#market),
      last: this.#trades.last,
      live: this.#receiving,
    });
  }

  /** Whether events of the exchange arrive here. */
  get #receiving(): boolean {
    return this.#ranger.state.status === "open" && !this.#source.down;
  }

  /** Whether the book shown is the exchange's. */
  get #current(): boolean {
    return (this.#book?.live ?? false) && this.#receiving &&
      !this.#source.isStale(`${this.#market}.ob-inc`);
  }

  /** Updates the notes that depend on time. */
  #tick(): void {
    const now = performance.now();
    const { tickers } = this.#markets;
    const note = bookNote({
      open: this.#ranger.state.status === "open",
      online: isOnline(),
      down: this.#source.down,
      market: this.#market,
      misnamed: this.#misnamed,
      listed: tickers.size > 0 ? tickers.has(this.#market) : undefined,
      seen: this.#seen,
      live: this.#current,
      empty: this.#empty,
      unreadable: this.#unreadable,
      overdue: now - this.#shownAt >= QUIET_AFTER_MS,
    });
    part("book-note").hidden = note === undefined;
    write(part("book-note"), note ?? "");
    const quiet = now - this.#changedAt;
    const isQuiet = this.#seen && this.#current && quiet > QUIET_AFTER_MS;
    write(part("book-legend"), isQuiet ? `no change for ${duration(quiet)}` : "");
  }

  /** Greys out data that is out of date. */
  #stale(): void {
    this.#view.dataset.live = String(this.#receiving);
    this.#panel.dataset.live = String(this.#current || !this.#seen);
    const incomplete = this.#source.isIncomplete(`${this.#market}.trades`);
    write(
      part("trades-legend"),
      !this.#seen || this.#receiving ? incomplete ? "some may be missing" : "" : "out of date",
    );
    this.#headingChanged();
    this.#tick();
  }

  /** @param name the invalid name; without it the problem is hidden */
  #problem(name?: string): void {
    const element = part("market-problem");
    element.hidden = name === undefined;
    if (name === undefined) return;
    const short = name.length > 40 ? `${name.slice(0, 40)}…` : name;
    write(
      element,
      `Invalid market name “${short}”: spaces, commas and dots are not allowed. A valid one is btcusd.`,
    );
  }
}

function isEmpty({ bestAsk, bestBid }: Book): boolean {
  return bestAsk === undefined && bestBid === undefined;
}
