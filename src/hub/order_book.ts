import { BookSide, type Level, type ParsedLevel, parseLevel } from "./book_side.ts";
import { orderOf, readSequence } from "./sequence.ts";

/** What became of an increment. */
export type IncrementOutcome =
  | "applied"
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
  /** It is where the book was already: whoever followed the increments is in step. */
  | "in step"
  /** It is somewhere else: whoever followed the increments must be given it. */
  | "moved"
  /** Not of a form that can be read, or too large; the book is as it was. */
  | "unusable";

/** Levels a side that a snapshot of the same sequence is compared by. */
const COMPARED = 100;

type Parsed = Record<string, unknown>;

/**
 * One market's order book: a snapshot, and the increments applied since (protocol, section 6).
 *
 * @example
 * ```ts
 * const book = new OrderBook();
 * book.replace({ asks: [["15.0", "1"]], bids: [], sequence: 3 });
 * book.apply({ asks: ["15.0", "0.0"], sequence: 4 }); // "applied"
 * book.toJSON(); // { asks: [], bids: [], sequence: 4 }
 * ```
 */
export class OrderBook {
  readonly #levels: number;
  #asks = new BookSide("asks");
  #bids = new BookSide("bids");
  #sequence: number | undefined;
  /** Increments without a number came since the sequence: it proves nothing any more. */
  #uncounted = false;

  /** @param levels that a side may have */
  constructor(levels: number = Infinity) {
    this.#levels = levels;
  }

  /** The sequence of the last increment applied, where the exchange numbers them. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /**
   * Puts a published snapshot in the place of the book.
   *
   * A snapshot that is ahead of the book, behind it, or of other content at the same sequence, has
   * "moved": increments were lost, or the exchange began to count anew. Without sequences the
   * content alone decides.
   */
  replace(snapshot: unknown): SnapshotOutcome {
    if (!isObject(snapshot) || !("asks" in snapshot || "bids" in snapshot)) return "unusable";
    const asks = readSide("asks", snapshot.asks, this.#levels);
    const bids = readSide("bids", snapshot.bids, this.#levels);
    const sequence = readSequence(snapshot);
    if (!asks || !bids || sequence === "unusable") return "unusable";
    const inStep = this.#isInStep(asks, bids, sequence);
    this.#asks = asks;
    this.#bids = bids;
    // Where only increments are numbered, their numbers go on.
    this.#sequence = sequence ?? (inStep ? this.#sequence : undefined);
    this.#uncounted = false;
    return inStep ? "in step" : "moved";
  }

  /** How many levels both sides have. */
  get size(): number {
    return this.#asks.length + this.#bids.length;
  }

  /** Applies an increment, whole or not at all; but a book that overflows is to be thrown away. */
  apply(increment: unknown): IncrementOutcome {
    if (!isObject(increment)) return "unusable";
    const asks = readChanges(increment.asks);
    const bids = readChanges(increment.bids);
    const sequence = readSequence(increment);
    if (!asks || !bids || sequence === "unusable") return "unusable";
    const order = orderOf(sequence, this.#sequence);
    if (order !== "next") return order;
    for (const { price, amount, level } of asks) this.#asks.set(price, amount, level);
    for (const { price, amount, level } of bids) this.#bids.set(price, amount, level);
    this.#sequence = sequence ?? this.#sequence;
    this.#uncounted ||= sequence === undefined;
    const most = Math.max(this.#asks.length, this.#bids.length);
    return most > this.#levels ? "overflow" : "applied";
  }

  /** As published to late comers: asks rising, bids falling. */
  toJSON(): { asks: Level[]; bids: Level[]; sequence?: number } {
    const sides = { asks: this.#asks.levels, bids: this.#bids.levels };
    return this.#sequence === undefined ? sides : { ...sides, sequence: this.#sequence };
  }

  #isInStep(asks: BookSide, bids: BookSide, sequence: number | undefined): boolean {
    if (sequence !== undefined && this.#sequence !== undefined && !this.#uncounted) {
      // The number proves that nothing was lost; the levels, that it was not counted anew by
      // chance. Exchanges cut deep books off at some hundred levels a side, so behind those there
      // are some that neither we nor our followers were ever told of, at each snapshot others.
      return sequence === this.#sequence && this.#asks.beginsWith(asks, COMPARED) &&
        this.#bids.beginsWith(bids, COMPARED);
    }
    // Without numbers, a level that is missing may be one whose removal was lost.
    return this.#asks.length === asks.length && this.#bids.length === bids.length &&
      this.#asks.beginsWith(asks) && this.#bids.beginsWith(bids);
  }
}

function isObject(value: unknown): value is Parsed {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readSide(name: "asks" | "bids", value: unknown, most: number): BookSide | undefined {
  const side = new BookSide(name);
  const levels = readChanges(value);
  if (!levels || levels.length > most) return undefined;
  for (const { price, amount, level } of levels) side.set(price, amount, level);
  return side;
}

/** One pair, a list of pairs, or nothing at all (also null). */
function readChanges(value: unknown): ParsedLevel[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const pairs = value.length > 0 && !Array.isArray(value[0]) ? [value] : value;
  const changes: ParsedLevel[] = [];
  for (const pair of pairs) {
    const change = parseLevel(pair);
    if (!change) return undefined;
    changes.push(change);
  }
  return changes;
}
