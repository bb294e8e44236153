/** A price and an amount, as texts. */
export type Pair = readonly [price: string, amount: string];

/** A book's sides, by price; prices are spelled in one way only. */
export interface Sides {
  readonly asks: Map<string, string>;
  readonly bids: Map<string, string>;
}

/** A change of a book, or a whole one, as published. */
export interface BookMessage {
  readonly asks?: Pair | readonly Pair[];
  readonly bids?: Pair | readonly Pair[];
  readonly sequence: number;
}

/** A book of the simplest kind: for the exchange, and for what each client makes of its messages. */
export class SoakBook implements Sides {
  readonly asks: Map<string, string> = new Map();
  readonly bids: Map<string, string> = new Map();
  sequence = 0;

  replace({ asks = [], bids = [], sequence }: BookMessage): void {
    this.asks.clear();
    this.bids.clear();
    this.apply({ asks, bids, sequence });
  }

  apply({ asks = [], bids = [], sequence }: BookMessage): void {
    change(this.asks, asks);
    change(this.bids, bids);
    this.sequence = sequence;
  }

  /** All of it, in one order, to be compared. */
  toString(): string {
    const side = (levels: Map<string, string>) => [...levels].sort().join(" ");
    return `${this.sequence}: ${side(this.asks)} / ${side(this.bids)}`;
  }
}

function change(side: Map<string, string>, pairs: Pair | readonly Pair[]): void {
  const list = (typeof pairs[0] === "string" ? [pairs] : pairs) as readonly Pair[];
  for (const [price, amount] of list) {
    if (Number(amount) === 0) side.delete(price);
    else side.set(price, amount);
  }
}

/** Prices that a side has at most. */
const LEVELS = 50;

/** One market of the exchange: what happens in it next. */
export class SoakMarket {
  readonly book: SoakBook = new SoakBook();
  #trades = 0;

  constructor(readonly id: string) {}

  /** @returns routing key and body of one more trade */
  trade(): [key: string, body: string, number: number] {
    const n = ++this.#trades;
    return [`public.${this.id}.trades`, JSON.stringify({ n, trades: [] }), n];
  }

  /** The same for a change of one level of the book. */
  increment(): [key: string, body: string, number: number] {
    const side = Math.random() < 0.5 ? "asks" : "bids";
    const at = Math.floor(Math.random() * LEVELS);
    const price = `${side === "asks" ? 200 + at : 100 + at}.5`;
    const amount = Math.random() < 0.3 ? "0.0" : (1 + Math.random() * 9).toFixed(4);
    const message: BookMessage = { [side]: [price, amount], sequence: this.book.sequence + 1 };
    this.book.apply(message);
    return [`public.${this.id}.ob-inc`, JSON.stringify(message), message.sequence];
  }

  /** The whole book, which changes nothing. */
  snapshot(): [key: string, body: string] {
    const { asks, bids, sequence } = this.book;
    return [
      `public.${this.id}.ob-snap`,
      JSON.stringify({ asks: [...asks], bids: [...bids], sequence }),
    ];
  }
}
