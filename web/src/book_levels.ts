import type { Level } from "../../client/src/mod.ts";
import { add, formatDecimal, parseDecimal } from "../../client/src/decimals.ts";

/** How prices are grouped. */
export interface Grouping {
  /** Decimal places of the exchange's prices: the smallest step is one in the last place. */
  readonly digits: number;
  /** Steps in a group, a power of ten: 1 leaves the levels as they are. */
  readonly ticks: number;
}

/** The step of grouped prices as text: 100 ticks of 0.01 are `1`. */
export function stepOf({ digits, ticks }: Grouping): string {
  return shortened(
    formatDecimal({ digits: BigInt(ticks), places: digits }),
    zerosOf({ digits, ticks }),
  );
}

/**
 * Groups the levels of one side, best price first. Asks are rounded up and bids down, so that a
 * group never looks better than its levels. All sums are exact.
 *
 * @param count maximum groups
 *
 * @example
 * ```ts
 * groupLevels(
 *   [{ price: "100.1", amount: "1", total: "1" }, { price: "100.7", amount: "2", total: "3" }],
 *   "asks",
 *   { digits: 1, ticks: 10 },
 *   12,
 * ); // [{ price: "101", amount: "3", total: "3" }]
 * ```
 */
export function groupLevels(
  levels: readonly Level[],
  side: "asks" | "bids",
  grouping: Grouping,
  count: number,
): Level[] {
  if (grouping.ticks === 1) return levels.slice(0, count);
  const zeros = zerosOf(grouping);
  const groups: Level[] = [];
  let before = "0";
  let last: { key: bigint; level: Level } | undefined;
  const close = () => {
    if (!last) return;
    const { key, level: { total } } = last;
    const price = formatDecimal({ digits: key * BigInt(grouping.ticks), places: grouping.digits });
    groups.push({ price: shortened(price, zeros), amount: difference(total, before), total });
    before = total;
  };
  for (const level of levels) {
    const key = groupOf(level.price, side, grouping);
    if (key === undefined) continue;
    if (last && last.key !== key) {
      close();
      if (groups.length >= count) return groups;
    }
    last = { key, level };
  }
  close();
  return groups;
}

/** Decimal places that are zero in all grouped prices. */
function zerosOf({ digits, ticks }: Grouping): number {
  return Math.min(digits, Math.round(Math.log10(ticks)));
}

/** The number of a price's group; `undefined` if it is not a number. */
function groupOf(price: string, side: "asks" | "bids", { digits, ticks }: Grouping) {
  const parsed = parseDecimal(price);
  if (!parsed) return undefined;
  const places = Math.max(parsed.places, digits);
  const value = parsed.digits * 10n ** BigInt(places - parsed.places);
  const step = BigInt(ticks) * 10n ** BigInt(places - digits);
  const whole = value / step;
  const rest = value % step;
  // Division of integers rounds towards zero.
  if (side === "asks") return rest > 0n ? whole + 1n : whole;
  return rest < 0n ? whole - 1n : whole;
}

function difference(a: string, b: string): string {
  return formatDecimal(add(parseDecimal(a)!, parseDecimal(b)!, -1n));
}

/** Drops this many decimal places, which are zeros in all grouped prices. */
function shortened(text: string, zeros: number): string {
  return text.includes(".") ? text.slice(0, text.length - zeros).replace(/\.$/, "") : text;
}

/** What the spread is of the middle price: `0.05 %`; empty without both sides. */
export function spreadShare(ask: Level | undefined, bid: Level | undefined): string {
  if (!ask || !bid) return "";
  const [high, low] = [Number(ask.price), Number(bid.price)];
  const share = 100 * (high - low) / ((high + low) / 2);
  if (!Number.isFinite(share)) return "";
  return `${share !== 0 && Math.abs(share) < 0.01 ? share.toPrecision(1) : share.toFixed(2)} %`;
}
