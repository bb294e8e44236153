/**
 * What the server makes of an order book's snapshots and increments, as section 6 of the protocol
 * says it: from the JSON values, with plain maps, and with nothing of the server's own code. The
 * measure for its way from a body to its followers.
 */

/** What the followers of the increments must be given of an event. */
export type Passed = "sent" | "kept back";

interface Level {
  readonly price: bigint;
  readonly amount: bigint;
  readonly text: readonly [string | number, string | number];
}
type Side = Map<bigint, Level>;

/** More than the digits that a decimal number of three digits' exponent can move. */
const PLACES = 1100n;
const UNIT = 10n ** PLACES;

/**
 * @example
 * ```ts
 * const reference = new ReferenceFeed();
 * reference.snapshot({ asks: [["1", "2"]], bids: [], sequence: 3 }); // "sent"
 * reference.increment({ bids: ["0.9", "1"], sequence: 4 }); // "sent"
 * reference.current; // { asks: [["1", "2"]], bids: [["0.9", "1"]], sequence: 4 }
 * ```
 */
export class ReferenceFeed {
  #live = false;
  #asks: Side = new Map();
  #bids: Side = new Map();
  #sequence: number | undefined;
  /** Whether increments without a number came since the last one with a number. */
  #uncounted = false;

  /** What a late comer is sent; undefined while the state is not sure. */
  get current(): unknown {
    if (!this.#live) return undefined;
    const sides = { asks: texts(this.#asks, 1), bids: texts(this.#bids, -1) };
    return this.#sequence === undefined ? sides : { ...sides, sequence: this.#sequence };
  }

  /** @param value undefined where the body was no JSON */
  snapshot(value: unknown): Passed {
    const read = readBook(value);
    if (read === undefined || !isObject(value) || !("asks" in value || "bids" in value)) {
      return "kept back";
    }
    const [asks, bids] = [new Map<bigint, Level>(), new Map<bigint, Level>()];
    set(asks, read.asks);
    set(bids, read.bids);
    const inStep = this.#live && this.#isInStep(asks, bids, read.sequence);
    if (read.sequence !== undefined || !inStep) this.#sequence = read.sequence;
    [this.#asks, this.#bids, this.#uncounted, this.#live] = [asks, bids, false, true];
    return inStep ? "kept back" : "sent";
  }

  /** @param value undefined where the body was no JSON */
  increment(value: unknown): Passed {
    const read = readBook(value);
    if (!this.#live) return "kept back";
    const last = this.#sequence;
    const known = read?.sequence !== undefined && last !== undefined;
    if (read !== undefined && known && read.sequence! <= last) return "kept back";
    if (read === undefined || (known && read.sequence! > last + 1)) {
      this.#forget();
      return "kept back";
    }
    set(this.#asks, read.asks);
    set(this.#bids, read.bids);
    if (read.sequence === undefined) this.#uncounted = true;
    else this.#sequence = read.sequence;
    return "sent";
  }

  #forget(): void {
    [this.#asks, this.#bids] = [new Map(), new Map()];
    [this.#sequence, this.#uncounted, this.#live] = [undefined, false, false];
  }

  /** By number where there are numbers, and by what the snapshot shows; else by all there is. */
  #isInStep(asks: Side, bids: Side, sequence: number | undefined): boolean {
    const pairs = [[asks, this.#asks, 1], [bids, this.#bids, -1]] as const;
    const counted = sequence !== undefined && this.#sequence !== undefined && !this.#uncounted;
    if (counted && sequence !== this.#sequence) return false;
    return pairs.every(([published, own, direction]) => {
      const [shown, had] = [sorted(published, direction), sorted(own, direction)];
      if (!counted && shown.length !== had.length) return false;
      return shown.every(({ price, amount }, at) =>
        had[at]?.price === price && had[at].amount === amount
      );
    });
  }
}

function readBook(
  value: unknown,
): { asks: Level[]; bids: Level[]; sequence: number | undefined } | undefined {
  if (!isObject(value)) return undefined;
  const [asks, bids] = [readLevels(value.asks), readLevels(value.bids)];
  const sequence = value.sequence ?? undefined;
  if (asks === undefined || bids === undefined) return undefined;
  if (sequence !== undefined && !Number.isSafeInteger(sequence)) return undefined;
  return { asks, bids, sequence: sequence as number | undefined };
}

function readLevels(value: unknown): Level[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const onePair = value.length > 0 && !Array.isArray(value[0]);
  const levels = (onePair ? [value] : value).map(readLevel);
  return levels.includes(undefined) ? undefined : levels as Level[];
}

function readLevel(pair: unknown): Level | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [price, amount] = [worth(pair[0]), worth(pair[1])];
  if (price === undefined || amount === undefined) return undefined;
  return { price, amount, text: [pair[0], pair[1]] };
}

/** A decimal number, 10^1100 times as large; undefined where the value is none. */
function worth(value: unknown): bigint | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^([+-]?)([0-9]+)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?$/.exec(String(value)) ?? [];
  if (whole === undefined) return undefined;
  const shift = BigInt(Number(exponent) - fraction.length);
  const digits = BigInt(whole + fraction);
  const scaled = shift < 0n ? digits * UNIT / 10n ** -shift : digits * UNIT * 10n ** shift;
  return sign === "-" ? -scaled : scaled;
}

function set(side: Side, levels: readonly Level[]): void {
  for (const level of levels) {
    if (level.amount === 0n) side.delete(level.price);
    else side.set(level.price, level);
  }
}

function sorted(side: Side, direction: 1 | -1): Level[] {
  return [...side.values()].sort((a, b) =>
    a.price === b.price ? 0 : (a.price < b.price ? -1 : 1) * direction
  );
}

function texts(side: Side, direction: 1 | -1): unknown[] {
  return sorted(side, direction).map(({ text }) => text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
