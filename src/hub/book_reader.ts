/** Reads the payloads of an order book: snapshots and increments (protocol, section 6). */
import { type Decimal, isZero, parseDecimal } from "./decimal.ts";
import { readSequence } from "./sequence.ts";

/** A JSON number with its digits as published, which `JSON.stringify` writes as they are. */
export interface NumberLiteral {
  readonly rawJSON: string;
}

/** A price or an amount as published: strings and numbers keep all their digits. */
export type PublishedNumber = string | number | NumberLiteral;

/** `[price, amount]` as published. */
export type Level = readonly [price: PublishedNumber, amount: PublishedNumber];

/** A level as published, and its meaning. */
export interface ParsedLevel {
  readonly price: Decimal;
  readonly level: Level;
  /** Whether the amount is zero, empty or null, which removes the level. */
  readonly removes: boolean;
}

/** A snapshot or an increment. */
export interface BookPayload {
  readonly asks: readonly ParsedLevel[];
  readonly bids: readonly ParsedLevel[];
  readonly sequence: number | undefined;
}

/** The result of reading a payload. */
export type BookReading =
  | BookPayload
  /** A book in a form that cannot be applied: levels of three parts, a sequence beyond 2^53. */
  | "foreign"
  /** Not an order book. */
  | "unusable";

const NO_LEVELS: readonly ParsedLevel[] = [];

/**
 * Reads a snapshot or an increment.
 *
 * @param payload as `JSON.parse` returns it
 * @param body the same as bytes, from which JSON numbers keep their digits; without it, numbers have
 * the digits of a JavaScript number
 *
 * @example
 * ```ts
 * readBook({ asks: ["15.0", ""], sequence: 9 }); // { asks: [{ removes: true, … }], bids: [], sequence: 9 }
 * readBook({ asks: [["15.0", "1", 3]], bids: [] }); // "foreign"
 * ```
 */
export function readBook(payload: unknown, body?: Uint8Array): BookReading {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "unusable";
  const { asks: a, bids: b } = payload as Record<string, unknown>;
  const takesNumbers = body === undefined;
  const asks = readLevels(a, takesNumbers);
  const bids = readLevels(b, takesNumbers);
  if (asks === "numbers" || bids === "numbers") return readBook(parseWithDigits(body!));
  if (asks === "unusable" || bids === "unusable") return "unusable";
  const sequence = readSequence(payload);
  if (asks === "foreign" || bids === "foreign" || sequence === "unusable") return "foreign";
  return { asks, bids, sequence };
}

/** The text of a price or an amount. */
export function textOf(figure: PublishedNumber): string {
  if (typeof figure === "string") return figure;
  return typeof figure === "number" ? String(figure) : figure.rawJSON;
}

/** Why a level was not read; "numbers" if it has JSON numbers, whose digits only the body has. */
type Unread = "foreign" | "unusable" | "numbers";

/** Reads one pair, a list of pairs, or nothing (missing or null). */
function readLevels(value: unknown, takesNumbers: boolean): readonly ParsedLevel[] | Unread {
  if (value === undefined || value === null) return NO_LEVELS;
  if (!Array.isArray(value)) return "unusable";
  if (isOneLevel(value)) {
    const level = readLevel(value, takesNumbers);
    return typeof level === "string" ? level : [level];
  }
  const levels: ParsedLevel[] = [];
  let isForeign = false;
  for (const each of value) {
    const level = readLevel(each, takesNumbers);
    if (level === "unusable" || level === "numbers") return level;
    if (level === "foreign") isForeign = true;
    else levels.push(level);
  }
  return isForeign ? "foreign" : levels;
}

function isOneLevel(value: readonly unknown[]): boolean {
  return value.length > 0 && !Array.isArray(value[0]);
}

function readLevel(value: unknown, takesNumbers: boolean): ParsedLevel | Unread {
  if (!Array.isArray(value) || value.length < 2) return "unusable";
  if (!takesNumbers && (typeof value[0] === "number" || typeof value[1] === "number")) {
    return "numbers";
  }
  const price = readDecimal(value[0]);
  if (price === undefined) return "unusable";
  const removes = readRemoval(value[1]);
  if (removes === undefined) return "unusable";
  if (value.length > 2) return "foreign";
  return { price, level: value as unknown as Level, removes };
}

/** @returns whether the amount removes its level; `undefined` if it is not an amount */
function readRemoval(amount: unknown): boolean | undefined {
  // Peatio publishes "", because the total of a removed level is nil there.
  if (amount === "" || amount === null) return true;
  const decimal = readDecimal(amount);
  return decimal && isZero(decimal);
}

function readDecimal(value: unknown): Decimal | undefined {
  if (typeof value === "string") return parseDecimal(value);
  if (typeof value === "number" || isNumberLiteral(value)) return parseDecimal(textOf(value));
  return undefined;
}

// ECMAScript 2026 (proposal-json-parse-with-source), not in TypeScript's library yet.
const { parse, rawJSON, isRawJSON } = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): NumberLiteral;
  isRawJSON(value: unknown): value is NumberLiteral;
};

function isNumberLiteral(value: unknown): value is NumberLiteral {
  return typeof value === "object" && isRawJSON(value);
}

const decoder = new TextDecoder();

/** Parses valid JSON again, with the numbers of the levels as literals. */
function parseWithDigits(body: Uint8Array): unknown {
  try {
    return parse(
      decoder.decode(body),
      // The sequence is compared as a number.
      (key, value, { source }) =>
        typeof value === "number" && key !== "sequence" ? rawJSON(source!) : value,
    );
  } catch {
    // Revivers are recursive: a deeply nested body exceeds the stack.
    return undefined;
  }
}
