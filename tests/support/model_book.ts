import fc from "fast-check";
import assert from "node:assert/strict";

/** `[price, amount]` */
export type ModelLevel = readonly [price: string, amount: string];

/** An increment or a snapshot as an exchange publishes it. */
export interface BookPayload {
  readonly asks?: ModelLevel | readonly ModelLevel[];
  readonly bids?: ModelLevel | readonly ModelLevel[];
  readonly sequence?: number;
}

/** A whole book. */
export interface BookSnapshot extends BookPayload {
  readonly asks: readonly ModelLevel[];
  readonly bids: readonly ModelLevel[];
}

/** Digits after the point that {@linkcode scaled} keeps. */
const PLACES = 64;

/** Results of {@linkcode scaled}: a book has the same few texts again and again. */
const scaledTexts = new Map<string, bigint>();
const MAX_SCALED_TEXTS = 10_000;

/**
 * A decimal number as a whole one, 10^64 times as large.
 *
 * @throws AssertionError when the text is not a decimal number, or has more digits than that
 * @example
 * ```ts
 * scaled("0.1e-7") === scaled("0.00000001"); // true
 * ```
 */
export function scaled(text: string): bigint {
  const known = scaledTexts.get(text);
  if (known !== undefined) return known;
  const value = scale(text);
  if (scaledTexts.size >= MAX_SCALED_TEXTS) scaledTexts.clear();
  scaledTexts.set(text, value);
  return value;
}

function scale(text: string): bigint {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const negative = mantissa.startsWith("-");
  const [whole = "", fraction = ""] = mantissa.replace(/^[+-]/, "").split(".");
  const shift = PLACES - fraction.length + Number(exponent);
  assert.ok(shift >= 0 && whole !== "", `${text} has more digits than the test can hold`);
  const value = BigInt(whole + fraction) * 10n ** BigInt(shift);
  return negative ? -value : value;
}

/**
 * An order book as simple as can be: plain maps, keyed by what prices are worth. It is the
 * exchange's own book in tests, and what a simple client makes of what it is sent.
 */
export class ModelBook {
  readonly asks: Map<bigint, ModelLevel> = new Map();
  readonly bids: Map<bigint, ModelLevel> = new Map();
  sequence: number | undefined;

  /** Takes a snapshot for the book. */
  replace({ asks, bids, sequence }: BookSnapshot): void {
    this.asks.clear();
    this.bids.clear();
    this.sequence = sequence;
    change(this.asks, asks);
    change(this.bids, bids);
  }

  /** Takes what an increment changes. */
  apply({ asks = [], bids = [], sequence }: BookPayload): void {
    change(this.asks, asks);
    change(this.bids, bids);
    if (sequence !== undefined) this.sequence = sequence;
  }

  /** The book as it is published: asks rising, bids falling. */
  snapshot(depth = Infinity): BookSnapshot {
    const sides = {
      asks: sorted(this.asks).slice(0, depth),
      bids: sorted(this.bids).reverse().slice(0, depth),
    };
    return this.sequence === undefined ? sides : { ...sides, sequence: this.sequence };
  }
}

/**
 * A book by what its texts are worth, for books that may spell the same numbers otherwise.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * declare const client: ModelBook, exchange: ModelBook;
 * assert.deepEqual(worthOf(client.snapshot()), worthOf(exchange.snapshot()));
 * ```
 */
export function worthOf({ asks, bids, sequence }: BookSnapshot) {
  const side = (levels: readonly ModelLevel[]) =>
    levels.map(([price, amount]) => `${scaled(price)} ${scaled(amount)}`);
  return { asks: side(asks), bids: side(bids), sequence };
}

function change(side: Map<bigint, ModelLevel>, levels: ModelLevel | readonly ModelLevel[]): void {
  const pairs = isPair(levels) ? [levels] : levels;
  for (const [price, amount] of pairs) {
    // Peatio's own exchange takes a level away with an empty amount.
    if (amount === "" || scaled(amount) === 0n) side.delete(scaled(price));
    else side.set(scaled(price), [price, amount]);
  }
}

function isPair(levels: ModelLevel | readonly ModelLevel[]): levels is ModelLevel {
  return typeof levels[0] === "string";
}

function sorted(side: Map<bigint, ModelLevel>): ModelLevel[] {
  return [...side].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, level]) => level);
}

/** What a test changes in a book, without its number. */
export type Change = Omit<BookPayload, "sequence">;

const ZEROS = ["0", "0.0", "0.00000000", "00.0", "0e8", "0.0e-3", "-0"];
const AMOUNTS = ["22.1257", "1", "1.50", "0.00000001", "123456789012345678901234567890.5", "2e3"];

/** A few prices of very different sizes, each in several spellings. */
const price: fc.Arbitrary<string> = fc.tuple(
  fc.integer({ min: 1, max: 6 }),
  fc.constantFrom(
    (digit: number) => `0.0000000${digit}`,
    (digit: number) => `0.${digit}e-7`,
    (digit: number) => `9.${digit}`,
    (digit: number) => `9.${digit}00`,
    (digit: number) => `1${digit}`,
    (digit: number) => `1${digit}.0`,
    (digit: number) => `001${digit}.`,
    (digit: number) => `${digit}00000000`,
    (digit: number) => `9007199254740993.${digit}`,
    (digit: number) => `9007199254740992.${digit}`,
  ),
).map(([digit, spell]) => spell(digit));

const level: fc.Arbitrary<ModelLevel> = fc.tuple(
  price,
  fc.oneof(
    { arbitrary: fc.constantFrom(...ZEROS), weight: 1 },
    { arbitrary: fc.constantFrom(...AMOUNTS), weight: 2 },
  ),
);

/** One pair, as Peatio sends it, or a list, as its documents show it. */
const side = fc.oneof(level, fc.array(level, { maxLength: 4 }));

/** Changes of one side or both. */
export const arbitraryChange: fc.Arbitrary<Change> = fc.record({ asks: side, bids: side }, {
  requiredKeys: [],
});
