import { PeatioEngine } from "../../src/source/simulator/engine.ts";
import { Random } from "../../src/source/simulator/random.ts";
import { RandomOrders } from "../harness/random_orders.ts";

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

/** A book of the simplest kind, for what each client makes of its messages. */
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
    // An empty amount counts as zero: the level goes.
    if (Number(amount) === 0) side.delete(price);
    else side.set(price, amount);
  }
}

/** Levels of a side. */
const LEVELS = 50;
/** Milliseconds from one snapshot of a book to the next; Peatio's 10 s make a short soak too short. */
const BETWEEN_SNAPSHOTS = 3_000;

/** An event with the number that it carries; a snapshot has none that counts. */
export type SoakEvent = readonly [key: string, body: string, number: number | undefined];

/** One market of the exchange: what happens in it next. Its order book is a Peatio's. */
export class SoakMarket {
  #trades = 0;
  /** Milliseconds by which the engine's clock is ahead. */
  #ahead = 0;
  /** Published by the engine, not yet taken. */
  readonly #events: SoakEvent[] = [];
  readonly #engine: PeatioEngine;
  readonly #orders: RandomOrders;

  constructor(readonly id: string) {
    this.#engine = new PeatioEngine({
      market: { id, pricePrecision: 1, amountPrecision: 4 },
      publish: (key, payload) => {
        const { sequence } = payload as BookMessage;
        const number = key.endsWith("-inc") ? sequence : undefined;
        this.#events.push([key, JSON.stringify(payload), number]);
      },
      now: () => performance.now() + this.#ahead,
      snapshots: { minPeriod: BETWEEN_SNAPSHOTS },
    });
    const random = new Random(`${id} ${Math.random()}`);
    const options = { middle: 2_000, depth: LEVELS, size: 10_0000 };
    this.#orders = new RandomOrders(this.#engine, random, options);
    this.#orders.open();
    this.#engine.start();
  }

  /** The engine's book, in one order, to be compared with {@linkcode SoakBook.toString}. */
  get book(): string {
    const book = new SoakBook();
    book.replace(this.#engine.book);
    return book.toString();
  }

  /** One more trade. */
  trade(): SoakEvent {
    const n = ++this.#trades;
    return [`public.${this.id}.trades`, JSON.stringify({ n, trades: [] }), n];
  }

  /** The next event of the order book: orders are placed until there is one. */
  bookEvent(): SoakEvent {
    while (this.#events.length === 0) this.#orders.act();
    return this.#events.shift()!;
  }

  /** What is left of the order book's events, with one more snapshot and its increment. */
  lastEvents(): SoakEvent[] {
    // So long after the last snapshot that the next change brings one.
    this.#ahead += 60_000;
    this.#orders.act();
    return this.#events.splice(0);
  }
}
