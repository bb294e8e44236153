import { type Figure, type Level, type ParsedLevel, textOf } from "./book_reader.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";

interface Entry {
  readonly price: Decimal;
  readonly level: Level;
}

/**
 * Levels from which on a side of a snapshot may be cut off: exchanges publish some hundred levels
 * (Peatio 301), so levels below the last one may exist that nobody was told of. They may show up in
 * a later snapshot when others above them are gone. Among the best ones that many it is a fault all
 * the same, since a book without them is wrong where it matters.
 */
const SHORTEST_CUT = 100;

/** One side of an order book, best price first. */
export class BookSide {
  /** In the order of publication: asks rise, bids fall. */
  readonly #entries: Entry[] = [];
  readonly #direction: 1 | -1;
  /** The worst price of the snapshot that the side began with; `undefined` for an empty one. */
  readonly #end: Decimal | undefined;
  /** The snapshot may have been cut off at that price. */
  readonly #isCut: boolean;

  /** @param levels of a snapshot, in any order */
  constructor(side: "asks" | "bids", levels: readonly ParsedLevel[] = []) {
    this.#direction = side === "asks" ? 1 : -1;
    for (const level of levels) this.set(level);
    this.#end = this.#entries.at(-1)?.price;
    this.#isCut = this.#entries.length >= SHORTEST_CUT;
  }

  /** Best first. */
  get levels(): Level[] {
    return this.#entries.map((entry) => entry.level);
  }

  /** How many levels there are. */
  get length(): number {
    return this.#entries.length;
  }

  /** Puts the level in the place of what was at its price, or takes that away. */
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

  /** Whether the levels are the same numbers. */
  equals(other: BookSide): boolean {
    return this.length === other.length &&
      this.#entries.every((entry, at) => isSameLevel(entry, other.#entries[at]!));
  }

  /**
   * Whether this side is what a snapshot says, as deep as the snapshot goes. Levels that were below
   * the last one of the snapshot that this side began with need not be known here.
   *
   * @param snapshot perhaps with increments applied since
   */
  agreesWith(snapshot: BookSide): boolean {
    let own = 0;
    for (const [at, published] of snapshot.#entries.entries()) {
      if (snapshot.#isBelowItsEnd(published.price)) break;
      const entry = this.#entries[own];
      if (entry !== undefined && isSameLevel(entry, published)) own++;
      else if (at < SHORTEST_CUT || !this.#isCut || !this.#isBelowItsEnd(published.price)) {
        return false;
      }
    }
    const next = this.#entries[own];
    return next === undefined || snapshot.#isBelowItsEnd(next.price);
  }

  /** Whether the snapshot that the side began with says nothing of the price. */
  #isBelowItsEnd(price: Decimal): boolean {
    return this.#end !== undefined && compareDecimals(price, this.#end) * this.#direction > 0;
  }

  /** @returns where the price is; where it is missing, the complement (~) of where it belongs */
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

function isSameAmount(a: Figure, b: Figure): boolean {
  if (a === b) return true;
  // Both were read as amounts before, and not as empty ones, which remove their level.
  return compareDecimals(parseDecimal(textOf(a))!, parseDecimal(textOf(b))!) === 0;
}
