import { type BookPayload, type BookSnapshot, type Change, ModelBook } from "./model_book.ts";

/** A market of an exchange in a test: its book, and all that was published of it. */
export class BookMarket {
  readonly id: string;
  readonly book: ModelBook = new ModelBook();
  /** Bodies of all snapshots, in order. */
  readonly snapshots: string[] = [];
  /** What the book was at each sequence; meaningless once the market has restarted. */
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
   * would not choose, so that its snapshots differ from this one.
   */
  snapshot(): string {
    return this.#publish(this.book.sequence);
  }

  /**
   * A change as Peatio publishes it when it is time for a snapshot: first a snapshot with the
   * change in it and the sequence before it, then the increment.
   *
   * @returns the bodies of both
   */
  ahead(change: Change): [snapshot: string, increment: string] {
    const { sequence } = this.book;
    const increment = this.increment(change);
    return [this.#publish(sequence), increment];
  }

  #publish(sequence: number | undefined): string {
    const { asks, bids } = this.book.snapshot();
    const sides = { bids: bids.toReversed(), asks: asks.toReversed() };
    const body = JSON.stringify(sequence === undefined ? sides : { sequence, ...sides }, null, 1);
    this.snapshots.push(body);
    return body;
  }

  /** An increment published before, `back` times ago. */
  published(back: number): string | undefined {
    return this.#increments.at(-back);
  }

  /** Restarts the sequence, with something else in the book. */
  restart(change: Change): void {
    this.book.apply(change);
    // An old increment could be taken for the next one.
    this.#increments.length = 0;
    if (this.book.sequence !== undefined) this.book.sequence = this.book.sequence === 0 ? 1 : 0;
  }

  #remember(): void {
    const { sequence } = this.book;
    if (sequence !== undefined) this.history.set(sequence, this.book.snapshot());
  }
}
