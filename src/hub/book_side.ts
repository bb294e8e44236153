import { compareDecimals, type Decimal, isZero, parseDecimal } from "./decimal.ts";

/** `[price, amount]`, the texts as published. */
export type Level = readonly [price: string, amount: string];

interface Entry {
  readonly price: Decimal;
  readonly level: Level;
}

/**
 * Reads one level. Numbers are taken for their texts; Peatio sends strings.
 *
 * @returns `undefined` when the value is no pair of decimal numbers
 */
export function parseLevel(
  value: unknown,
): { price: Decimal; amount: Decimal; level: Level } | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [price, amount] = value.map((part) => typeof part === "number" ? String(part) : part);
  if (typeof price !== "string" || typeof amount !== "string") return undefined;
  const decimals = [parseDecimal(price), parseDecimal(amount)] as const;
  if (!decimals[0] || !decimals[1]) return undefined;
  return { price: decimals[0], amount: decimals[1], level: [price, amount] };
}

/** One side of an order book, best price first. */
export class BookSide {
  /** In the order of publication: asks rise, bids fall. */
  #entries: Entry[] = [];
  readonly #direction: 1 | -1;

  constructor(side: "asks" | "bids") {
    this.#direction = side === "asks" ? 1 : -1;
  }

  /** Best first. */
  get levels(): Level[] {
    return this.#entries.map((entry) => entry.level);
  }

  clear(): void {
    this.#entries = [];
  }

  /** Puts the level in the place of what was at its price; an amount of zero takes it away. */
  set(price: Decimal, amount: Decimal, level: Level): void {
    const { index, found } = this.#find(price);
    if (isZero(amount)) {
      if (found) this.#entries.splice(index, 1);
    } else if (found) {
      this.#entries[index] = { price, level };
    } else {
      this.#entries.splice(index, 0, { price, level });
    }
  }

  /**
   * Whether the best levels of both are the same numbers. Only as many as `other` has are looked
   * at, because exchanges publish no more than some hundred levels a side.
   */
  beginsWith(other: BookSide): boolean {
    return other.#entries.every((entry, at) => {
      const own = this.#entries[at];
      return own !== undefined && compareDecimals(own.price, entry.price) === 0 &&
        sameNumber(own.level[1], entry.level[1]);
    });
  }

  #find(price: Decimal): { index: number; found: boolean } {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareDecimals(this.#entries[middle]!.price, price) * this.#direction;
      if (order === 0) return { index: middle, found: true };
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return { index: low, found: false };
  }
}

function sameNumber(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  return x !== undefined && y !== undefined && compareDecimals(x, y) === 0;
}
