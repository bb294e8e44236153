import type { Book, Level } from "../../../client/src/mod.ts";

/** Milliseconds between redraws. */
const REDRAW_INTERVAL = 100;
/** Lines besides the levels: the head, the column titles, the line between the sides. */
const OTHER_LINES = 4;

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const TO_LINE_END = "\x1b[K";
const TO_END = "\x1b[J";
const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const PLAIN = "\x1b[0m";

/** The size of the terminal, and whether it has colours. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/**
 * An order book as a ladder, redrawn on the terminal's alternate screen; its last state stays on the
 * main screen.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * const ladder = new Ladder("btcusd", 10, () => {});
 * ladder.show(connect("ws://localhost:8080/").book("btcusd"));
 * ladder.stop();
 * ```
 */
export class Ladder {
  readonly #market: string;
  readonly #depth: number;
  readonly #drawn: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #book: Book | undefined;
  #remark = "connecting";
  #live = false;
  #changed = true;
  #stopped = false;

  /** @param drawn called after each redraw of a live book */
  constructor(market: string, depth: number, drawn: () => void) {
    this.#market = market;
    this.#depth = depth;
    this.#drawn = drawn;
    write(ENTER);
    this.#timer = setInterval(() => this.#draw(), REDRAW_INTERVAL);
  }

  show(book: Book): void {
    this.#book = book;
    book.onChange(() => {
      // A remark about a book that was not live is out of date.
      if (book.live && !this.#live) this.#remark = "";
      this.#live = book.live;
      this.#changed = true;
    });
  }

  /** Shows a remark in the first line, until the next one, or until the book is live again. */
  say(text: string): void {
    this.#remark = text;
    this.#changed = true;
  }

  /** Restores the terminal, and prints the last state. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    write(LEAVE);
    if (this.#book?.sequence !== undefined || this.#book?.bestAsk || this.#book?.bestBid) {
      write(`${this.#lines().join("\n")}\n`);
    }
  }

  #draw(): void {
    if (!this.#changed) return;
    this.#changed = false;
    write(HOME + this.#lines().map((line) => line + TO_LINE_END).join("\r\n") + TO_END);
    if (this.#book?.live) this.#drawn();
  }

  #lines(): string[] {
    return ladderLines(this.#book, this.#market, this.#depth, this.#remark, screen());
  }
}

/**
 * The lines of the ladder: asks above, the best at the bottom; bids below, the best on top.
 *
 * @param remark shown in the first line
 * @returns lines that fit the screen
 */
export function ladderLines(
  book: Book | undefined,
  market: string,
  depth: number,
  remark: string,
  { columns, rows, colour }: Screen,
): string[] {
  const count = Math.max(1, Math.min(depth, Math.floor((rows - OTHER_LINES) / 2)));
  const { asks, bids } = book?.depth(count) ?? { asks: [], bids: [] };
  const levels = [...asks, ...bids];
  const width = (title: string, of: (level: Level) => string) =>
    Math.max(title.length, ...levels.map((level) => of(level).length));
  const widths = [
    width("price", ({ price }) => price),
    width("amount", ({ amount }) => amount),
    width("total", ({ total }) => total),
  ];
  const row = (cells: readonly string[]) =>
    cells.map((cell, at) => cell.padStart(widths[at]!)).join("  ");
  const most = Math.max(...levels.map(({ total }) => Number(total)), Number.MIN_VALUE);
  const level = ({ price, amount, total }: Level, paint: string) => {
    const text = row([price, amount, total]);
    const room = Math.min(40, columns - text.length - 3);
    const bar = room > 0 ? "█".repeat(Math.round(room * Number(total) / most)) : "";
    const line = `${text}  ${bar}`.slice(0, columns - 1);
    return colour ? paint + line + PLAIN : line;
  };
  const state = book?.live ? "live" : "waiting for the book";
  const head = [
    market,
    remark === "" ? state : remark,
    ...(book?.sequence === undefined ? [] : [`sequence ${book.sequence}`]),
    ...(book?.spread === undefined ? [] : [`spread ${book.spread}`]),
  ];
  return [
    head.join("  ").slice(0, columns - 1),
    row(["price", "amount", "total"]).slice(0, columns - 1),
    ...asks.toReversed().map((one) => level(one, RED)),
    "─".repeat(Math.min(columns - 1, widths.reduce((sum, one) => sum + one, 4))),
    ...bids.map((one) => level(one, GREEN)),
  ];
}

/** The terminal; one that does not know its size reports 0. */
function screen(): Screen {
  const colour = !Deno.noColor;
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24, colour };
  } catch {
    return { columns: 80, rows: 24, colour };
  }
}

function write(text: string): void {
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // The terminal is gone; a signal follows.
  }
}
