/**
 * What the server makes of an order book's snapshots and increments, as section 6 of the protocol
 * says it: from the JSON values, with plain maps, and with nothing of the server's own code. The
 * measure for its way from a body to its followers.
 */

/** An event of the book: the kind, and its payload as text. */
export type BookMessage = readonly [kind: "snap" | "inc", body: string];

/** A JSON number with its digits. */
class Digits {
  constructor(readonly digits: string) {}
}

interface Level {
  readonly price: bigint;
  readonly amount: bigint;
  readonly text: readonly [unknown, unknown];
}
type Side = Map<bigint, Level>;

/** A snapshot: what it was published as, and its levels, with what was applied to it since. */
interface Snapshot {
  readonly body: string;
  readonly sides: readonly [asks: Side, bids: Side];
  /** The worst price of each side that it tells of; undefined for a side that is not cut off. */
  readonly ends: readonly [bigint | undefined, bigint | undefined];
  readonly sequence: number | undefined;
}

/** More than the digits that a decimal number of three digits' exponent can move. */
const PLACES = 1100n;
const UNIT = 10n ** PLACES;
/** Characters of the longest number. */
const LONGEST = 128;
/** Increments in a row that are known already, which tell of a restart. */
const RESTART_OLD_INCREMENTS = 5;
const DIRECTIONS = [1, -1] as const;

/**
 * @example
 * ```ts
 * const reference = new ReferenceState(1000);
 * reference.snapshot('{"asks":[["1","2"]],"bids":[],"sequence":3}'); // [["snap", …]]
 * reference.increment('{"bids":["0.9","1"],"sequence":4}'); // [["inc", …]]
 * reference.current; // [["snap", '{"asks":[["1","2"]],"bids":[["0.9","1"]],"sequence":4}']]
 * ```
 */
export class ReferenceState {
  /** Unknown; a book; or events that are replayed. */
  #mode: "unknown" | "book" | "replay" = "unknown";
  #sides: readonly [asks: Side, bids: Side] = [new Map(), new Map()];
  #sequence: number | undefined;
  /** Whether increments without a number came since the last one with a number. */
  #hasUnnumbered = false;
  #undecided: Snapshot | undefined;
  #replayed: BookMessage[] = [];
  #old = 0;

  /** @param limit increments that are replayed after a snapshot */
  constructor(private readonly limit: number) {}

  /** The sequence of what was applied last. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /** What a late comer is sent. */
  get current(): readonly BookMessage[] {
    if (this.#mode === "unknown") return [];
    if (this.#mode === "replay") return this.#replayed;
    const [asks, bids] = this.#sides.map((side, at) =>
      sorted(side, DIRECTIONS[at]!).map(({ text }) => `[${text.map(json).join(",")}]`).join(",")
    );
    const sequence = this.#sequence === undefined ? "" : `,"sequence":${this.#sequence}`;
    return [["snap", `{"asks":[${asks}],"bids":[${bids}]${sequence}}`]];
  }

  /**
   * @param body undefined where it was not UTF-8
   * @returns what the followers of the increments are sent
   */
  snapshot(body: string | undefined): readonly BookMessage[] {
    const value = parsed(body);
    if (!isObject(value) || !("asks" in value || "bids" in value)) return [];
    const read = readBook(value);
    if (read === "unreadable") return [];
    if (read === "foreign") {
      const isCurrent = this.#mode === "replay" && this.#isReplayCurrent(sequenceOf(value));
      const sequence = sequenceOf(value) ?? (isCurrent ? this.#sequence : undefined);
      this.#forget();
      [this.#mode, this.#sequence, this.#replayed] = ["replay", sequence, [["snap", body!]]];
      return isCurrent ? [] : [["snap", body!]];
    }
    const snapshot = snapshotOf(body!, read);
    if (this.#mode === "book") return this.#compare(snapshot);
    const isCurrent = this.#mode === "replay" && this.#isReplayCurrent(snapshot.sequence);
    this.#forget();
    [this.#mode, this.#sides, this.#sequence] = ["book", snapshot.sides, snapshot.sequence];
    return isCurrent ? [] : [["snap", body!]];
  }

  /** The same of an increment. */
  increment(body: string | undefined): readonly BookMessage[] {
    const value = parsed(body);
    if (value === undefined) this.#forget();
    if (this.#mode === "unknown") return [];
    const read = this.#mode === "book" ? readBook(value) : undefined;
    if (typeof read === "string") {
      this.#forget();
      return [];
    }
    const sequence = sequenceOf(value);
    const last = this.#sequence;
    if (sequence !== undefined && last !== undefined && sequence !== last + 1) {
      if (sequence > last || ++this.#old === RESTART_OLD_INCREMENTS) this.#forget();
      return [];
    }
    this.#old = 0;
    this.#sequence = sequence ?? last;
    const message: BookMessage = ["inc", body!];
    if (read === undefined) {
      this.#replayed = [...this.#replayed, message];
      if (this.#replayed.length <= 1 + this.limit) return [message];
      this.#forget();
      return [];
    }
    if (sequence === undefined) this.#hasUnnumbered = true;
    apply(this.#sides, read);
    const snapshot = this.#undecided;
    if (snapshot === undefined) return [message];
    this.#undecided = undefined;
    apply(snapshot.sides, read);
    if (agree(this.#sides, snapshot)) return [message];
    this.#sides = snapshot.sides;
    return [["snap", snapshot.body], message];
  }

  #forget(): void {
    [this.#mode, this.#sides, this.#sequence] = ["unknown", [new Map(), new Map()], undefined];
    [this.#hasUnnumbered, this.#undecided, this.#replayed, this.#old] = [false, undefined, [], 0];
  }

  /** By number where there are numbers, and by what the snapshot shows; else by all there is. */
  #compare(snapshot: Snapshot): readonly BookMessage[] {
    const { sequence, sides, body } = snapshot;
    const counted = sequence !== undefined && this.#sequence !== undefined && !this.#hasUnnumbered;
    if (counted && sequence === this.#sequence) {
      const isCurrent = agree(this.#sides, snapshot);
      this.#undecided = isCurrent ? undefined : snapshot;
      if (isCurrent) this.#old = 0;
      return [];
    }
    const isCurrent = !counted && agree(this.#sides, { ...snapshot, ends: [undefined, undefined] });
    this.#sequence = sequence ?? (isCurrent ? this.#sequence : undefined);
    [this.#hasUnnumbered, this.#undecided, this.#old] = [false, undefined, 0];
    if (isCurrent) return [];
    this.#sides = sides;
    return [["snap", body]];
  }

  #isReplayCurrent(sequence: number | undefined): boolean {
    return sequence === undefined || this.#sequence === undefined || sequence === this.#sequence;
  }
}

/** The levels down to where the snapshot ends are the same numbers. */
function agree(own: readonly [Side, Side], { sides, ends }: Snapshot): boolean {
  return sides.every((side, at) => {
    const [direction, end] = [DIRECTIONS[at]!, ends[at]];
    const down = (side: Side) =>
      sorted(side, direction)
        .filter(({ price }) =>
          end === undefined || isBetter(price, end, direction) || price === end
        )
        .map(({ price, amount }) => `${price} ${amount}`).join();
    return down(side) === down(own[at]!);
  });
}

function snapshotOf(body: string, { asks, bids, sequence }: ReadBook): Snapshot {
  const sides = [new Map(), new Map()] as const;
  apply(sides, { asks, bids, sequence });
  const [end, endOfBids] = sides.map((side, at) => sorted(side, DIRECTIONS[at]!).at(-1)?.price);
  return { body, sides, ends: [end, endOfBids], sequence };
}

interface ReadBook {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
  readonly sequence: number | undefined;
}

function readBook(value: unknown): ReadBook | "foreign" | "unreadable" {
  if (!isObject(value)) return "unreadable";
  const [asks, bids] = [readLevels(value.asks), readLevels(value.bids)];
  if (asks === "unreadable" || bids === "unreadable") return "unreadable";
  const sequence = sequenceOf(value);
  const isWrong = sequence === undefined && value.sequence !== undefined && value.sequence !== null;
  return asks === "foreign" || bids === "foreign" || isWrong ? "foreign" : { asks, bids, sequence };
}

/** undefined where there is none, and where it is not one. */
function sequenceOf(value: unknown): number | undefined {
  if (!isObject(value)) return undefined;
  const { sequence } = value;
  const isText = typeof sequence === "string" && /^[0-9]{1,16}$/.test(sequence);
  const number = isText ? +sequence : sequence instanceof Digits ? +sequence.digits : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

function readLevels(value: unknown): Level[] | "foreign" | "unreadable" {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return "unreadable";
  const onePair = value.length > 0 && !Array.isArray(value[0]);
  const levels = (onePair ? [value] : value).map(readLevel);
  if (levels.includes("unreadable")) return "unreadable";
  return levels.includes("foreign") ? "foreign" : levels as Level[];
}

function readLevel(pair: unknown): Level | "foreign" | "unreadable" {
  if (!Array.isArray(pair) || pair.length < 2) return "unreadable";
  const price = worth(pair[0]);
  const amount = pair[1] === "" || pair[1] === null ? 0n : worth(pair[1]);
  if (price === undefined || amount === undefined) return "unreadable";
  return pair.length > 2 ? "foreign" : { price, amount, text: [pair[0], pair[1]] };
}

/** A decimal number, 10^1100 times as large; undefined where the value is none. */
function worth(value: unknown): bigint | undefined {
  const text = value instanceof Digits ? value.digits : value;
  if (typeof text !== "string" || text.length > LONGEST) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^([+-]?)([0-9]+)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const shift = BigInt(Number(exponent) - fraction.length);
  const digits = BigInt(whole + fraction);
  const scaled = shift < 0n ? digits * UNIT / 10n ** -shift : digits * UNIT * 10n ** shift;
  return sign === "-" ? -scaled : scaled;
}

function apply(sides: readonly [Side, Side], { asks, bids }: ReadBook): void {
  for (const [at, levels] of [asks, bids].entries()) {
    for (const level of levels) {
      if (level.amount === 0n) sides[at]!.delete(level.price);
      else sides[at]!.set(level.price, level);
    }
  }
}

function sorted(side: Side, direction: 1 | -1): Level[] {
  return [...side.values()].sort((a, b) =>
    a.price === b.price ? 0 : isBetter(a.price, b.price, direction) ? -1 : 1
  );
}

function isBetter(a: bigint, b: bigint, direction: 1 | -1): boolean {
  return direction === 1 ? a < b : a > b;
}

/** The text of a price or an amount as JSON. */
function json(value: unknown): string {
  return value instanceof Digits ? value.digits : JSON.stringify(value);
}

function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body!, digitsKept);
  } catch {
    return undefined;
  }
}

function digitsKept(_: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? new Digits(context!.source!) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Digits);
}
