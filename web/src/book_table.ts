import type { Book, Depth, Level } from "../../client/src/mod.ts";
import { BookBars } from "./book_bars.ts";
import { Columns } from "./columns.ts";
import { byId, make, part, write } from "./dom.ts";
import { mostDigits, padded, readNumber, shown } from "./numbers.ts";

/** Levels shown per side. */
const LEVELS_PER_SIDE = 12;

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

/** The best levels of an order book. The rows are created once; only their texts change. */
export class BookTable {
  readonly #asks: Side;
  readonly #bids: Side;
  readonly #spread = part("spread");
  readonly #columns = new Columns(byId("book-table", HTMLTableElement));
  #priceDigits = 0;
  #amountDigits = 0;

  constructor() {
    // The best ask is at the bottom, next to the best bid.
    this.#asks = side("asks", true);
    this.#bids = side("bids", false);
  }

  draw(book: Book): void {
    const { asks, bids } = plainDepth(book);
    const all = [...asks, ...bids];
    // Columns only grow, so that they do not jump.
    this.#priceDigits = Math.max(this.#priceDigits, mostDigits(all.map(({ price }) => price)));
    this.#amountDigits = Math.max(this.#amountDigits, mostDigits(all.map(({ total }) => total)));
    const most = Math.max(0, ...[asks.at(-1), bids.at(-1)].map(totalOf));
    const texts = [...this.#side(this.#asks, asks, most), ...this.#side(this.#bids, bids, most)];
    this.#columns.hold(texts);
    const spread = book.spread;
    write(this.#spread, padded(shown(spread), this.#priceDigits));
  }

  /** Resets the table for another market. */
  clear(): void {
    this.#priceDigits = this.#amountDigits = 0;
    this.#side(this.#asks, [], 1);
    this.#side(this.#bids, [], 1);
    write(this.#spread, "–");
    this.#columns.clear();
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

/** The best levels, with numbers as they are shown. */
function plainDepth(book: Book): Depth {
  const plain = (levels: readonly Level[]) =>
    levels.map(({ price, amount, total }) => ({
      price: shown(price),
      amount: shown(amount),
      total: shown(total),
    }));
  const { asks, bids } = book.depth(LEVELS_PER_SIDE);
  return { asks: plain(asks), bids: plain(bids) };
}

function totalOf(level: { readonly total: string } | undefined): number {
  return readNumber(level?.total)?.value ?? 0;
}

/** @param upwards whether the best price is at the bottom */
function side(id: string, upwards: boolean): Side {
  const all = rows(part(id));
  if (upwards) all.reverse();
  const best = all[0]!.price.parentElement!;
  return { rows: all, bars: new BookBars(best, LEVELS_PER_SIDE, upwards) };
}

function rows(body: HTMLElement): Row[] {
  return Array.from({ length: LEVELS_PER_SIDE }, () => {
    const row: Row = {
      price: make("span", { class: "text price" }),
      amount: make("span", { class: "text" }),
      total: make("span", { class: "text" }),
    };
    body.append(make("tr", {}, ...Object.values(row).map((text) => make("td", {}, text))));
    return row;
  });
}
