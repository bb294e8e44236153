import { compare, type ParsedDecimal, parseDecimal, ZERO } from "./decimals.ts";

/** One level: the server's strings, and their values. */
export interface BookEntry {
  readonly price: string;
  readonly amount: string;
  readonly priceValue: ParsedDecimal;
  readonly amountValue: ParsedDecimal;
}

/** One side of a book, best price first: asks ascending, bids descending. */
export type Side = BookEntry[];

/** Both sides of an order book, and the sequence number of the last event. */
export class OrderBook {
  asks: Side = [];
  bids: Side = [];
  sequence: number | undefined;

  /** @returns whether the snapshot could be read; if not, the book is unchanged */
  replace(snapshot: unknown): boolean {
    const read = changesOf(snapshot);
    // A missing side is empty; an object with neither side is not a snapshot.
    if (!read || !("asks" in (snapshot as object) || "bids" in (snapshot as object))) return false;
    this.asks = [];
    this.bids = [];
    this.sequence = undefined;
    this.#put(read);
    return true;
  }

  /**
   * @returns true if the book is current; false after a gap in the sequence, and `undefined` if the
   * increment cannot be read: in both cases the book is unchanged
   */
  apply(increment: unknown): boolean | undefined {
    const read = changesOf(increment);
    if (!read) return undefined;
    // Without a sequence number on both, a gap cannot be detected.
    const step = (read.sequence ?? NaN) - (this.sequence ?? NaN);
    if (step > 1) return false;
    // The snapshot already contains earlier increments.
    if (!(step <= 0)) this.#put(read);
    return true;
  }

  #put({ asks, bids, sequence }: Changes): void {
    for (const entry of asks) put(this.asks, entry, 1);
    for (const entry of bids) put(this.bids, entry, -1);
    this.sequence = sequence ?? this.sequence;
  }
}

interface Changes {
  readonly asks: readonly BookEntry[];
  readonly bids: readonly BookEntry[];
  readonly sequence: number | undefined;
}

/** Accepts the same payloads as the server. */
function changesOf(payload: unknown): Changes | undefined {
  if (typeof payload !== "object" || !payload || Array.isArray(payload)) return undefined;
  const { asks, bids, sequence } = payload as Record<string, unknown>;
  const [a, b] = [entriesOf(asks ?? []), entriesOf(bids ?? [])];
  // Some exchanges publish it as a string.
  const number = typeof sequence === "string" && /^\d+$/.test(sequence)
    ? Number(sequence)
    : sequence ?? undefined;
  if (!a || !b || !Number.isSafeInteger(number ?? 0)) return undefined;
  return { asks: a, bids: b, sequence: number as Changes["sequence"] };
}

/** @param value one pair, or a list of pairs */
function entriesOf(value: unknown): BookEntry[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const pairs: unknown[] = Array.isArray(value[0] ?? []) ? value : [value];
  const entries: BookEntry[] = [];
  for (const pair of pairs) {
    const [price, amount, more] = Array.isArray(pair) ? pair : [];
    // Peatio publishes the amount of a removed level as an empty string.
    const priceValue = parseDecimal(price);
    const amountValue = amount === "" || amount === null ? ZERO : parseDecimal(amount);
    if (!priceValue || !amountValue || more !== undefined) return undefined;
    entries.push({ price: String(price), amount: String(amount), priceValue, amountValue });
  }
  return entries;
}

/** Inserts or replaces a level; an amount of zero removes it. */
function put(side: Side, entry: BookEntry, direction: 1 | -1): void {
  let low = 0;
  let high = side.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(side[middle]!.priceValue, entry.priceValue) * direction < 0) low = middle + 1;
    else high = middle;
  }
  const there = side[low];
  const found = there && compare(there.priceValue, entry.priceValue) === 0 ? 1 : 0;
  side.splice(low, found, ...(entry.amountValue.digits ? [entry] : []));
}
