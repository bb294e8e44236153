import { bookChecksum, CHECKSUM_LEVELS } from "./book_checksum.ts";
import { type BookPayload, type Level, readBook } from "./book_reader.ts";
import { BookSide } from "./book_side.ts";
import { orderOf } from "./sequence.ts";

/** The result of an increment. */
export type IncrementOutcome =
  | "applied"
  /**
   * Applied to the last snapshot, which has replaced the book because the two differed. Subscribers
   * need that snapshot before this increment.
   */
  | "diverged"
  /** At or below the book's sequence: applied already. */
  | "old"
  /** The sequence skipped a number: increments were lost. */
  | "gap"
  /** The increment cannot be read. */
  | "unusable"
  /** The book has too many levels now, and must be discarded. */
  | "overflow";

/** The result of a snapshot. */
export type SnapshotOutcome =
  /** The book agrees with it: subscribers of the increments are current. */
  | "current"
  /** It differs from the book at the same sequence. The next increment decides. */
  | "undecided"
  /** It has replaced the book: subscribers of the increments need it. */
  | "diverged"
  /** A book in a form that increments cannot be applied to; this one is unchanged. */
  | "foreign"
  /** It cannot be read, or is too large; the book is unchanged. */
  | "unusable";

/** Both sides of a book. */
interface BookSides {
  readonly asks: BookSide;
  readonly bids: BookSide;
}

/**
 * One market's order book: a snapshot, and the increments applied since (protocol, section 6).
 *
 * Peatio's periodic snapshots carry the sequence of the last increment, and include the change of
 * the next one already. So a snapshot that differs at the same sequence waits until that increment
 * is applied to both.
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
  readonly #maxLevels: number;
  #sides: BookSides = { asks: new BookSide("asks"), bids: new BookSide("bids") };
  #sequence: number | undefined;
  /** Whether increments without a sequence were applied since the last one with a sequence. */
  #hasUnnumbered = false;
  /** The last snapshot, while it waits for the next increment. */
  #waiting: BookSides | undefined;
  /** Whether that snapshot agreed with the book when it came. */
  #hasAgreed = false;

  /** @param levels the maximum per side */
  constructor(levels: number = Infinity) {
    this.#maxLevels = levels;
  }

  /** The sequence of the last increment applied, where the exchange numbers them. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /**
   * Compares a published snapshot with the book, and replaces the book where they differ.
   *
   * A snapshot with another sequence than the book has "diverged": increments were lost, or the
   * exchange restarted its sequence. At the same sequence the book stays, because it has deeper
   * levels than a snapshot that is cut off. Without sequences the content alone decides.
   *
   * @param body the snapshot's bytes, for the digits of JSON numbers
   */
  replace(snapshot: unknown, body?: Uint8Array): SnapshotOutcome {
    const hasSides = typeof snapshot === "object" && snapshot !== null &&
      ("asks" in snapshot || "bids" in snapshot);
    const read = hasSides ? readBook(snapshot, body) : "unusable";
    if (typeof read === "string") return read;
    if (Math.max(read.asks.length, read.bids.length) > this.#maxLevels) return "unusable";
    const { sequence } = read;
    const sides = {
      asks: new BookSide("asks", read.asks),
      bids: new BookSide("bids", read.bids),
    };
    const isCounted = sequence !== undefined && this.#sequence !== undefined &&
      !this.#hasUnnumbered;
    if (isCounted && sequence === this.#sequence) {
      // Also one that agrees waits for the next increment, with which its deeper levels are adopted.
      this.#waiting = sides;
      this.#hasAgreed = agree(this.#sides, sides);
      return this.#hasAgreed ? "current" : "undecided";
    }
    // Without sequences, the removal of a level may have been lost, so all levels must be equal.
    const isCurrent = !isCounted && areEqual(this.#sides, sides);
    // If only increments carry a sequence, it continues.
    this.#sequence = sequence ?? (isCurrent ? this.#sequence : undefined);
    this.#hasUnnumbered = false;
    this.#waiting = undefined;
    if (!isCurrent) this.#sides = sides;
    return isCurrent ? "current" : "diverged";
  }

  /** How many levels both sides have. */
  get size(): number {
    return this.#sides.asks.length + this.#sides.bids.length;
  }

  /**
   * Applies an increment completely or not at all. A book that overflows must be discarded.
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
    this.#hasUnnumbered ||= sequence === undefined;
    const hasDiverged = this.#waiting !== undefined && this.#decide(this.#waiting, read);
    const { asks, bids } = this.#sides;
    if (asks.length > this.#maxLevels || bids.length > this.#maxLevels) return "overflow";
    return hasDiverged ? "diverged" : "applied";
  }

  /** The best levels of each side, as many as there are up to a number. */
  top(levels: number): { readonly asks: readonly Level[]; readonly bids: readonly Level[] } {
    return { asks: this.#sides.asks.top(levels), bids: this.#sides.bids.top(levels) };
  }

  /** The checksum of the best levels (see {@linkcode bookChecksum}). */
  get checksum(): number {
    const { asks, bids } = this.top(CHECKSUM_LEVELS);
    return bookChecksum(asks, bids);
  }

  /** As sent to new subscribers: asks rise, bids fall. */
  toJSON(): { asks: Level[]; bids: Level[]; sequence?: number } {
    const sides = { asks: this.#sides.asks.levels, bids: this.#sides.bids.levels };
    return this.#sequence === undefined ? sides : { ...sides, sequence: this.#sequence };
  }

  /** @returns whether the snapshot with the increment differs from the book, and has replaced it */
  #decide(snapshot: BookSides, increment: BookPayload): boolean {
    this.#waiting = undefined;
    change(snapshot, increment);
    // The same change cannot make equal books differ. It can only move levels that were hidden among
    // the best ones, which agree() does not tolerate.
    if (this.#hasAgreed || agree(this.#sides, snapshot)) {
      this.#sides.asks.adopt(snapshot.asks, this.#maxLevels);
      this.#sides.bids.adopt(snapshot.bids, this.#maxLevels);
      return false;
    }
    this.#sides = snapshot;
    return true;
  }
}

function change({ asks, bids }: BookSides, { asks: ofAsks, bids: ofBids }: BookPayload): void {
  for (const level of ofAsks) asks.set(level);
  for (const level of ofBids) bids.set(level);
}

function agree(book: BookSides, snapshot: BookSides): boolean {
  return book.asks.agreesWith(snapshot.asks) && book.bids.agreesWith(snapshot.bids);
}

function areEqual(a: BookSides, b: BookSides): boolean {
  return a.asks.equals(b.asks) && a.bids.equals(b.bids);
}
