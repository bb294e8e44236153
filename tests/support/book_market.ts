import { type BookPayload, type BookSnapshot, type Change, ModelBook } from "./model_book.ts";

/** A market of an exchange in a test: its book, and all that was published of it. */
export class BookMarket {
  readonly id: string;
  readonly book: ModelBook = new ModelBook();
  /** Bodies of all snapshots, in order. */
  readonly snapshots: string[] = [];
  /** What the book was at each sequence; meaningless once the market began to count anew. */
  readonly history: Map<number, BookSnapshot> = new Map();
  readonly #increments: string[] = [];

  /** @param sequence to begin at; `undefined` for an exchange that does not count */
  constructor(id: string, sequence: number | undefined) {
    this.id = id;
    this.book.sequence = sequence;
    this.#remember();
  }

  /** Changes the book. @returns the increment's body */
  increment(change: Change): string {
    const { sequence } = this.book;
    const payload: BookPayload = sequence === undefined
      ? change
      : { ...change, sequence: sequence + 1 };
    this.book.apply(payload);
    this.#remember();
    const body = JSON.stringify(payload);
    this.#increments.push(body);
    return body;
  }

  /**
   * The body of a snapshot of the book as of now: in an order of keys and levels that the server
   * would not choose, so that its own snapshots can be told from this one.
   */
  snapshot(): string {
    const { asks, bids, sequence } = this.book.snapshot();
    const sides = { bids: bids.toReversed(), asks: asks.toReversed() };
    const body = JSON.stringify(sequence === undefined ? sides : { sequence, ...sides }, null, 1);
    this.snapshots.push(body);
    return body;
  }

  /** An increment published before, `back` times ago. */
  published(back: number): string | undefined {
    return this.#increments.at(-back);
  }

  /** Begins to count anew, with something else in the book. */
  restart(change: Change): void {
    this.book.apply(change);
    if (this.book.sequence !== undefined) this.book.sequence = 0;
  }

  #remember(): void {
    const { sequence } = this.book;
    if (sequence !== undefined) this.history.set(sequence, this.book.snapshot());
  }
}
