import { Columns } from "./columns.ts";
import { byId, make, part, write } from "./dom.ts";
import { TradeFilter } from "./trade_filter.ts";
import { clock, mostDigits, padded, readNumber } from "./numbers.ts";
import type { PublicTrade } from "./public_trade.ts";

/** Maximum trades shown. */
const MAX_ROWS = 60;

/** The latest trades, newest first. The rows are created once; only their texts change. */
export class TradesPanel {
  readonly #rows: readonly { row: HTMLElement; cells: readonly HTMLElement[] }[];
  readonly #note = part("trades-note");
  readonly #columns = new Columns(byId("trades-table", HTMLTableElement));
  readonly #filter = new TradeFilter();
  #trades: PublicTrade[] = [];
  #priceDigits = 0;
  #amountDigits = 0;

  constructor() {
    this.#rows = Array.from({ length: MAX_ROWS }, () => {
      const cells = [make("td"), make("td"), make("td")];
      const row = make("tr", { hidden: "" }, ...cells);
      part("trades").append(row);
      return { row, cells };
    });
  }

  /** The latest trade. */
  get latest(): PublicTrade | undefined {
    return this.#trades[0];
  }

  add(received: readonly PublicTrade[]): void {
    const trades = this.#filter.fresh(received);
    // What is not a number that can be shown whole must not widen the others.
    const digits = (texts: readonly string[]) =>
      mostDigits(texts.filter((text) => readNumber(text)));
    this.#priceDigits = Math.max(this.#priceDigits, digits(trades.map(({ price }) => price)));
    this.#amountDigits = Math.max(this.#amountDigits, digits(trades.map((one) => one.amount)));
    this.#trades = [...trades.toReversed(), ...this.#trades].slice(0, MAX_ROWS);
  }

  clear(): void {
    this.#trades = [];
    this.#filter.clear();
    this.#priceDigits = this.#amountDigits = 0;
    this.#columns.clear();
  }

  /** The latest trade's price with its direction, as in the table; empty without a trade. */
  get last(): { readonly direction: string; readonly text: string } {
    const { latest } = this;
    const [direction, sign] = signOf(latest?.side ?? "");
    return { direction, text: latest ? `${sign} ${padded(latest.price, this.#priceDigits)}` : "" };
  }

  draw(): void {
    this.#note.hidden = this.#trades.length > 0;
    const texts: string[][] = [];
    for (const [at, { row, cells }] of this.#rows.entries()) {
      const trade = this.#trades[at];
      row.hidden = trade === undefined;
      if (!trade) continue;
      const [direction, sign] = signOf(trade.side);
      cells[0]!.className = direction;
      const shown = [
        `${sign} ${padded(trade.price, this.#priceDigits)}`,
        padded(trade.amount, this.#amountDigits),
        clock(trade.time),
      ];
      for (const [column, text] of shown.entries()) write(cells[column]!, text);
      texts.push(shown);
    }
    this.#columns.hold(texts);
  }
}

/** The colour and sign of the taker's side. */
export function signOf(side: string): readonly [direction: "up" | "down" | "", sign: string] {
  if (side === "buy" || side === "bid") return ["up", "▲"];
  if (side === "sell" || side === "ask") return ["down", "▼"];
  return ["", "·"];
}
