import { type BookPayload, type Level, readBook } from "./book_reader.ts";
import { BookSide } from "./book_side.ts";
import { orderOf } from "./sequence.ts";

/** What became of an increment. */
export type IncrementOutcome =
  | "applied"
  /**
   * Applied to the last snapshot, which is the book from here on: it was not where the increments
   * led to. Subscribers need that snapshot before this increment.
   */
  | "diverged"
  /** At or below the sequence that the book has: known already. */
  | "stale"
  /** The sequence skipped a number: something was lost. */
  | "gap"
  /** Not of a form that can be applied. */
  | "unusable"
  /** The book has more levels now than it may have: it is of no use any more. */
  | "overflow";

/** What became of a snapshot. */
export type SnapshotOutcome =
  /** The book is what it says: subscribers of the increments are in step. */
  | "in step"
  /** It differs from the book at the same sequence. The next increment shows which is right. */
  | "unjudged"
  /** It is the book from here on: subscribers of the increments need it. */
  | "diverged"
  /** A book in a form that increments cannot be applied to; this one is as it was. */
  | "foreign"
  /** Not of a form that can be read, or too large; the book is as it was. */
  | "unusable";

/** Both sides of a book. */
interface Sides {
  readonly asks: BookSide;
  readonly bids: BookSide;
}

/**
 * One market's order book: a snapshot, and the increments applied since (protocol, section 6).
 *
 * Peatio's periodic snapshots carry the sequence of the last increment, and have the change of the
 * next one in them already. So one that differs at the same sequence waits until that increment
 * has been applied to both.
 *
 * @example
 * ```ts
 * const book = new OrderBook();
 * book.replace({ asks: [["15.0", "1"]], bids: [], sequence: 3 }); // "diverged"
 * book.apply({ asks: ["15.0", ""], sequence: 4 }); // "applied"
 * book.toJSON(); // { asks: [], bids: [], sequence: 4 }
 * ```
 */
export class OrderBook {
  readonly #levels: number;
  #sides: Sides = { asks: new BookSide("asks"), bids: new BookSide("bids") };
  #sequence: number | undefined;
  /** Increments without a number came since the sequence: it proves nothing any more. */
  #uncounted = false;
  /** The last snapshot, while it waits for the next increment. */
  #unjudged: Sides | undefined;

  /** @param levels that a side may have */
  constructor(levels: number = Infinity) {
    this.#levels = levels;
  }

  /** The sequence of the last increment applied, where the exchange numbers them. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /**
   * Compares a published snapshot with the book, and replaces the book where they differ.
   *
   * A snapshot that is ahead of the book or behind it has "diverged": increments were lost, or the
   * exchange restarted its sequence. At the same sequence the book stays, also because it has
   * deeper levels than a snapshot that is cut off. Without sequences the content alone decides.
   *
   * @param body the snapshot's bytes, for the digits of JSON numbers
   */
  replace(snapshot: unknown, body?: Uint8Array): SnapshotOutcome {
    const hasSides = typeof snapshot === "object" && snapshot !== null &&
      ("asks" in snapshot || "bids" in snapshot);
    const read = hasSides ? readBook(snapshot, body) : "unusable";
    if (typeof read === "string") return read;
    if (Math.max(read.asks.length, read.bids.length) > this.#levels) return "unusable";
    const { sequence } = read;
    const sides = {
      asks: new BookSide("asks", read.asks),
      bids: new BookSide("bids", read.bids),
    };
    const isCounted = sequence !== undefined && this.#sequence !== undefined && !this.#uncounted;
    if (isCounted && sequence === this.#sequence) {
      const inStep = agree(this.#sides, sides);
      this.#unjudged = inStep ? undefined : sides;
      return inStep ? "in step" : "unjudged";
    }
    // Without numbers, a level that is missing may be one whose removal was lost.
    const inStep = !isCounted && areEqual(this.#sides, sides);
    // Where only increments are numbered, their numbers go on.
    this.#sequence = sequence ?? (inStep ? this.#sequence : undefined);
    this.#uncounted = false;
    this.#unjudged = undefined;
    if (!inStep) this.#sides = sides;
    return inStep ? "in step" : "diverged";
  }

  /**
   * Applies an increment, whole or not at all; but a book that overflows is to be thrown away.
   *
   * @param body the increment's bytes, for the digits of JSON numbers
   */
  apply(increment: unknown, body?: Uint8Array): IncrementOutcome {
    const read = readBook(increment, body);
    if (typeof read === "string") return "unusable";
    const { sequence } = read;
    const order = orderOf(sequence, this.#sequence);
    if (order !== "next") return order;
    change(this.#sides, read);
    this.#sequence = sequence ?? this.#sequence;
    this.#uncounted ||= sequence === undefined;
    const hasDiverged = this.#unjudged !== undefined && this.#judge(this.#unjudged, read);
    const { asks, bids } = this.#sides;
    if (asks.length > this.#levels || bids.length > this.#levels) return "overflow";
    return hasDiverged ? "diverged" : "applied";
  }

  /** As published to late comers: asks rising, bids falling. */
  toJSON(): { asks: Level[]; bids: Level[]; sequence?: number } {
    const sides = { asks: this.#sides.asks.levels, bids: this.#sides.bids.levels };
    return this.#sequence === undefined ? sides : { ...sides, sequence: this.#sequence };
  }

  /** @returns whether the snapshot, with the increment, is not the book: it is from here on */
  #judge(snapshot: Sides, increment: BookPayload): boolean {
    this.#unjudged = undefined;
    change(snapshot, increment);
    if (agree(this.#sides, snapshot)) return false;
    this.#sides = snapshot;
    return true;
  }
}

function change({ asks, bids }: Sides, { asks: ofAsks, bids: ofBids }: BookPayload): void {
  for (const level of ofAsks) asks.set(level);
  for (const level of ofBids) bids.set(level);
}

function agree(book: Sides, snapshot: Sides): boolean {
  return book.asks.agreesWith(snapshot.asks) && book.bids.agreesWith(snapshot.bids);
}

function areEqual(a: Sides, b: Sides): boolean {
  return a.asks.equals(b.asks) && a.bids.equals(b.bids);
}
