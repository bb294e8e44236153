import { Columns } from "./columns.ts";
import { byId, make, part, write } from "./dom.ts";
import { clock, mostDigits, padded, readNumber, shown, textOf, timeOf } from "./numbers.ts";

/** A public trade, in the formats of all Peatio generations. */
export interface PublicTrade {
  readonly price: string;
  readonly amount: string;
  readonly side: string;
  /** Milliseconds since the epoch; NaN if unknown. */
  readonly time: number;
}

/** Maximum trades shown. */
const MAX_ROWS = 40;

/** Reads a payload of `<market>.trades`; unreadable trades are skipped. */
export function tradesOf(payload: unknown): PublicTrade[] {
  const { trades } = (payload ?? {}) as { trades?: unknown };
  if (!Array.isArray(trades)) return [];
  return trades.filter((trade) => trade !== null && typeof trade === "object").map((trade) => ({
    price: shown(trade.price),
    amount: shown(trade.amount),
    side: textOf(trade.taker_type ?? trade.type ?? ""),
    time: timeOf(trade.date ?? trade.created_at ?? trade.at),
  }));
}

/** The latest trades, newest first. The rows are created once; only their texts change. */
export class TradesPanel {
  readonly #rows: readonly { row: HTMLElement; cells: readonly HTMLElement[] }[];
  readonly #note = part("trades-note");
  readonly #last = part("last");
  readonly #columns = new Columns(byId("trades-table", HTMLTableElement));
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

  add(trades: readonly PublicTrade[]): void {
    // What is not a number that can be shown whole must not widen the others.
    const digits = (texts: readonly string[]) =>
      mostDigits(texts.filter((text) => readNumber(text)));
    this.#priceDigits = Math.max(this.#priceDigits, digits(trades.map(({ price }) => price)));
    this.#amountDigits = Math.max(this.#amountDigits, digits(trades.map((one) => one.amount)));
    this.#trades = [...trades.toReversed(), ...this.#trades].slice(0, MAX_ROWS);
  }

  clear(): void {
    this.#trades = [];
    this.#priceDigits = this.#amountDigits = 0;
    this.#columns.clear();
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
    const latest = this.#trades[0];
    const [direction, sign] = signOf(latest?.side ?? "");
    this.#last.className = `last ${direction}`;
    write(this.#last, latest ? `${sign} ${padded(latest.price, this.#priceDigits)}` : "");
  }
}

/** The colour and sign of the taker's side. */
export function signOf(side: string): readonly [direction: "up" | "down" | "", sign: string] {
  if (side === "buy" || side === "bid") return ["up", "▲"];
  if (side === "sell" || side === "ask") return ["down", "▼"];
  return ["", "·"];
}
