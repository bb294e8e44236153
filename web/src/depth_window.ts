/** What the depth chart shows of a book: a fixed window around the middle price. */
import type { Depth, Level } from "../../client/src/mod.ts";

/** A book's levels within a window, and the chart's scales. */
export interface DepthWindow {
  readonly middle: number;
  /** Distance from the middle to either edge, in prices. */
  readonly reach: number;
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
  /** The larger total of both sides within the window; 0 if it is empty. */
  readonly most: number;
}

/** @returns `undefined` for a book without orders */
export function depthWindow({ asks, bids }: Depth, percent: number): DepthWindow | undefined {
  const best = [...asks.slice(0, 1), ...bids.slice(0, 1)].map(({ price }) => Number(price));
  if (best.length === 0) return undefined;
  // If one side is empty, the other starts in the middle.
  const middle = best.reduce((sum, price) => sum + price) / best.length;
  const reach = Math.abs(middle) * percent / 100 || 1;
  const within = (levels: readonly Level[]) =>
    levels.filter(({ price }) => Math.abs(Number(price) - middle) <= reach * 1.000001);
  const [sold, bought] = [within(asks), within(bids)];
  const most = Math.max(Number(sold.at(-1)?.total ?? 0), Number(bought.at(-1)?.total ?? 0));
  return { middle, reach, asks: sold, bids: bought, most };
}

/** What stands between the middle and a price. */
export interface DepthPoint {
  readonly side: "asks" | "bids";
  /** The exact sum of amounts up to the price: `0` between the best prices. */
  readonly total: string;
}

/** The total at a price, as the chart's steps show it. */
export function totalAt({ middle, asks, bids }: DepthWindow, price: number): DepthPoint {
  const side = price < middle ? "bids" : "asks";
  const reached = side === "bids"
    ? bids.findLast((level) => Number(level.price) >= price)
    : asks.findLast((level) => Number(level.price) <= price);
  return { side, total: reached?.total ?? "0" };
}

/** A round number of at most this size: 1, 2 or 5 times a power of ten. */
export function roundBelow(most: number): number {
  if (!(most > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [5, 2, 1].find((factor) => factor * power <= most) ?? 1;
  return factor * power;
}
