import type { Book, Depth, Level } from "../../client/src/mod.ts";
import { BookBars } from "./book_bars.ts";
import { groupLevels, spreadShare, stepOf } from "./book_levels.ts";
import { Columns } from "./columns.ts";
import { byId, make, part, write } from "./dom.ts";
import { mostDigits, padded, readNumber, shown } from "./numbers.ts";

/** Least and most levels shown per side; between them, as many as there is room for. */
const MIN_LEVELS = 4;
const MAX_LEVELS = 60;

/** Most levels per side that are grouped. */
const MAX_GROUPED_LEVELS = 5000;

interface Row {
  readonly price: HTMLElement;
  readonly amount: HTMLElement;
  readonly total: HTMLElement;
}

/** The rows of one side, best price first, and the bars behind them. */
interface Side {
  readonly rows: readonly Row[];
  readonly bars: BookBars;
}

/** The best levels of an order book. The rows are reused; only their texts change. */
export class BookTable {
  readonly #table = byId("book-table", HTMLTableElement);
  readonly #room = part("book-room");
  readonly #spread = part("spread");
  readonly #share = part("spread-share");
  readonly #grouping = byId("grouping", HTMLSelectElement);
  readonly #columns = new Columns(this.#table);
  #asks!: Side;
  #bids!: Side;
  #levels = 0;
  #priceDigits = 0;
  #amountDigits = 0;
  /** Decimal places of the exchange's prices. */
  #digits = 0;

  /** @param changed called when the book must be drawn again */
  constructor(changed: () => void) {
    this.#build(MIN_LEVELS);
    this.#grouping.onchange = () => {
      this.#reset();
      changed();
    };
    new ResizeObserver(() => {
      if (this.#fit()) changed();
    }).observe(this.#room);
  }

  draw(book: Book): void {
    const ticks = Number(this.#grouping.value);
    const { asks: [ask], bids: [bid] } = book.depth(1);
    const raw = book.depth(ticks === 1 ? this.#levels : MAX_GROUPED_LEVELS);
    const best = [...raw.asks.slice(0, this.#levels), ...raw.bids.slice(0, this.#levels)];
    const digits = mostDigits(best.map(({ price }) => shown(price)));
    if (digits > this.#digits) this.#step(digits);
    const grouping = { digits: this.#digits, ticks };
    const { asks, bids } = plain({
      asks: groupLevels(raw.asks, "asks", grouping, this.#levels),
      bids: groupLevels(raw.bids, "bids", grouping, this.#levels),
    });
    const all = [...asks, ...bids];
    // Columns only grow, so that they do not jump.
    this.#priceDigits = Math.max(this.#priceDigits, mostDigits(all.map(({ price }) => price)));
    this.#amountDigits = Math.max(this.#amountDigits, mostDigits(all.map(({ total }) => total)));
    const most = Math.max(0, ...[asks.at(-1), bids.at(-1)].map(totalOf));
    const texts = [...this.#side(this.#asks, asks, most), ...this.#side(this.#bids, bids, most)];
    this.#columns.hold(texts);
    write(this.#spread, padded(shown(book.spread), this.#digits));
    write(this.#share, spreadShare(ask, bid));
  }

  /** Resets the table for another market. */
  clear(): void {
    this.#digits = 0;
    this.#step(0);
    this.#reset();
  }

  #reset(): void {
    this.#priceDigits = this.#amountDigits = 0;
    this.#side(this.#asks, [], 1);
    this.#side(this.#bids, [], 1);
    write(this.#spread, "–");
    write(this.#share, "");
    this.#columns.clear();
  }

  /** Names the steps that prices can be grouped by. */
  #step(digits: number): void {
    this.#digits = digits;
    for (const option of this.#grouping.options) {
      write(option, stepOf({ digits, ticks: Number(option.value) }));
    }
  }

  /** @returns whether the number of levels has changed */
  #fit(): boolean {
    const height = this.#room.clientHeight;
    if (height === 0) return false;
    const others = this.#table.tHead!.offsetHeight + this.#spread.closest("tr")!.offsetHeight;
    const line = this.#bids.rows[0]!.price.offsetHeight;
    const levels = Math.floor((height - others) / line / 2);
    return this.#build(Math.max(MIN_LEVELS, Math.min(levels, MAX_LEVELS)));
  }

  /** @returns whether the number of levels has changed */
  #build(levels: number): boolean {
    if (levels === this.#levels) return false;
    this.#levels = levels;
    this.#table.style.setProperty("--levels", String(levels));
    // The best ask is at the bottom, next to the best bid.
    this.#asks = side("asks", levels);
    this.#bids = side("bids", levels);
    return true;
  }

  /** @returns the texts of each row */
  #side({ rows, bars }: Side, levels: readonly Level[], most: number): string[][] {
    bars.draw(levels.map(({ total }) => most > 0 ? Math.min(1, totalOf({ total }) / most) : 0));
    return rows.map((row, at) => {
      const level = levels[at];
      const price = level ? padded(level.price, this.#priceDigits) : "\u00a0";
      const amount = level ? padded(level.amount, this.#amountDigits) : "";
      const total = level ? padded(level.total, this.#amountDigits) : "";
      write(row.price, price);
      write(row.amount, amount);
      write(row.total, total);
      return [price, amount, total];
    });
  }
}

/** Levels with numbers as they are shown. */
function plain({ asks, bids }: Depth): Depth {
  const texts = (levels: readonly Level[]) =>
    levels.map(({ price, amount, total }) => ({
      price: shown(price),
      amount: shown(amount),
      total: shown(total),
    }));
  return { asks: texts(asks), bids: texts(bids) };
}

function totalOf(level: { readonly total: string } | undefined): number {
  return readNumber(level?.total)?.value ?? 0;
}

function side(id: "asks" | "bids", levels: number): Side {
  const body = part(id);
  body.replaceChildren();
  const all = rows(body, levels);
  if (id === "asks") all.reverse();
  const best = all[0]!.price.parentElement!;
  return { rows: all, bars: new BookBars(best, levels, id === "asks") };
}

function rows(body: HTMLElement, levels: number): Row[] {
  return Array.from({ length: levels }, () => {
    const row: Row = {
      price: make("span", { class: "text price" }),
      amount: make("span", { class: "text" }),
      total: make("span", { class: "text" }),
    };
    body.append(make("tr", {}, ...Object.values(row).map((text) => make("td", {}, text))));
    return row;
  });
}
