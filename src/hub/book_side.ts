import { type Level, type ParsedLevel, type PublishedNumber, textOf } from "./book_reader.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";

interface Entry {
  readonly price: Decimal;
  readonly level: Level;
}

/**
 * A side of a snapshot with at least this number of levels may be cut off: exchanges publish some
 * hundred levels (Peatio 301). Levels below the last one then appear in later snapshots, when better
 * levels have gone. A level missing among the best ones is an error all the same.
 */
const MIN_CUT_LEVELS = 100;

/** One side of an order book, best price first. */
export class BookSide {
  /** Sorted as published: asks rise, bids fall. */
  readonly #entries: Entry[] = [];
  readonly #direction: 1 | -1;
  /** The worst price of the snapshot that the side began with; `undefined` if it was empty. */
  #lastPrice: Decimal | undefined;
  /** Whether the snapshot may have been cut off at that price. */
  readonly #isCut: boolean;

  /** @param levels of a snapshot, in any order */
  constructor(side: "asks" | "bids", levels: readonly ParsedLevel[] = []) {
    this.#direction = side === "asks" ? 1 : -1;
    for (const level of levels) this.set(level);
    this.#lastPrice = this.#entries.at(-1)?.price;
    this.#isCut = this.#entries.length >= MIN_CUT_LEVELS;
  }

  /** The levels, best price first. */
  get levels(): Level[] {
    return this.#entries.map((entry) => entry.level);
  }

  /** The best levels, up to a number. */
  top(count: number): Level[] {
    const top: Level[] = [];
    for (let at = 0; at < count && at < this.#entries.length; at++) {
      top.push(this.#entries[at]!.level);
    }
    return top;
  }

  /** The number of levels. */
  get length(): number {
    return this.#entries.length;
  }

  /** Inserts, replaces or removes the level at a price. */
  set({ price, level, removes }: ParsedLevel): void {
    const at = this.#find(price);
    if (removes) {
      if (at >= 0) this.#entries.splice(at, 1);
    } else if (at >= 0) {
      this.#entries[at] = { price, level };
    } else {
      this.#entries.splice(~at, 0, { price, level });
    }
  }

  /** Whether both sides have the same prices and amounts, in any spelling. */
  equals(other: BookSide): boolean {
    return this.length === other.length &&
      this.#entries.every((entry, at) => isSameLevel(entry, other.#entries[at]!));
  }

  /**
   * Whether this side has the levels of a snapshot, as deep as the snapshot goes. Levels below the
   * last price of the snapshot that this side began with may be missing here.
   *
   * @param snapshot with the increments applied since, if any
   */
  agreesWith(snapshot: BookSide): boolean {
    let own = 0;
    for (const [at, published] of snapshot.#entries.entries()) {
      if (snapshot.#isBelowLastPrice(published.price)) break;
      const entry = this.#entries[own];
      if (entry !== undefined && isSameLevel(entry, published)) own++;
      else if (at < MIN_CUT_LEVELS || !this.#isCut || !this.#isBelowLastPrice(published.price)) {
        return false;
      }
    }
    const next = this.#entries[own];
    return next === undefined || snapshot.#isBelowLastPrice(next.price);
  }

  /**
   * Takes over the levels of a snapshot that agrees with this side and shows more of the exchange's
   * book: those worse than the last price known here. What increments said of such prices stays.
   *
   * @param maxLevels of this side
   */
  adopt(snapshot: BookSide, maxLevels: number): void {
    if (!this.#isCut || snapshot.#lastPrice === undefined) return;
    for (const entry of snapshot.#entries) {
      if (this.#entries.length >= maxLevels) return;
      if (!this.#isBelowLastPrice(entry.price)) continue;
      const at = this.#find(entry.price);
      if (at < 0) this.#entries.splice(~at, 0, entry);
    }
    if (this.#isBelowLastPrice(snapshot.#lastPrice)) this.#lastPrice = snapshot.#lastPrice;
  }

  /** Whether the price is worse than all prices of the snapshot that the side began with. */
  #isBelowLastPrice(price: Decimal): boolean {
    return this.#lastPrice !== undefined &&
      compareDecimals(price, this.#lastPrice) * this.#direction > 0;
  }

  /** @returns the index of the price; if it is missing, the complement (~) of its insertion point */
  #find(price: Decimal): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareDecimals(this.#entries[middle]!.price, price) * this.#direction;
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return ~low;
  }
}

function isSameLevel(a: Entry, b: Entry): boolean {
  return compareDecimals(a.price, b.price) === 0 && isSameAmount(a.level[1], b.level[1]);
}

function isSameAmount(a: PublishedNumber, b: PublishedNumber): boolean {
  if (a === b) return true;
  // Both parse: book_reader.ts has read them as amounts that are not empty.
  return compareDecimals(parseDecimal(textOf(a))!, parseDecimal(textOf(b))!) === 0;
}
