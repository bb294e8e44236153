import { compareDecimals, type Decimal, isZero, parseDecimal } from "./decimal.ts";

/** `[price, amount]` as published: texts keep their digits and zeros. */
export type Level = readonly [price: string | number, amount: string | number];

interface Entry {
  readonly price: Decimal;
  readonly level: Level;
}

/** A level as published, and what its two parts are worth. */
export interface ParsedLevel {
  readonly price: Decimal;
  readonly amount: Decimal;
  readonly level: Level;
}

/**
 * Reads one level. Peatio sends strings; JSON numbers are taken as well.
 *
 * @returns `undefined` when the value is no pair of decimal numbers
 *
 * @example
 * ```ts
 * parseLevel(["15.0", "22.1257"])?.level; // ["15.0", "22.1257"]
 * parseLevel(["15.0"]); // undefined
 * ```
 */
export function parseLevel(value: unknown): ParsedLevel | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const price = readDecimal(value[0]);
  const amount = readDecimal(value[1]);
  return price && amount && { price, amount, level: value as unknown as Level };
}

function readDecimal(value: unknown): Decimal | undefined {
  if (typeof value === "string") return parseDecimal(value);
  return typeof value === "number" ? parseDecimal(String(value)) : undefined;
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

  /** How many levels there are. */
  get length(): number {
    return this.#entries.length;
  }

  /** Puts the level in the place of what was at its price; an amount of zero takes it away. */
  set(price: Decimal, amount: Decimal, level: Level): void {
    const at = this.#find(price);
    if (isZero(amount)) {
      if (at >= 0) this.#entries.splice(at, 1);
    } else if (at >= 0) {
      this.#entries[at] = { price, level };
    } else {
      this.#entries.splice(~at, 0, { price, level });
    }
  }

  /** Whether the best levels of `other`, that many or all, are the same numbers here. */
  beginsWith(other: BookSide, levels: number = Infinity): boolean {
    return other.#entries.slice(0, levels).every((entry, at) => {
      const own = this.#entries[at];
      return own !== undefined && compareDecimals(own.price, entry.price) === 0 &&
        sameNumber(own.level[1], entry.level[1]);
    });
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

function sameNumber(a: string | number, b: string | number): boolean {
  if (a === b) return true;
  const [x, y] = [readDecimal(a), readDecimal(b)];
  return x !== undefined && y !== undefined && compareDecimals(x, y) === 0;
}
