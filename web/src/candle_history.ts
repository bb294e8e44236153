import { isTime } from "./numbers.ts";

/** The largest number that the chart draws; it throws at others. */
const LARGEST = 90_071_992_547_409;

/** One candle, as numbers: good enough to be drawn. */
export interface Candle {
  /** Its beginning, in seconds since the epoch. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Candles that are kept of a market and period. */
const KEPT = 2000;

/** The candles of one market and period, in the order of time. */
export class CandleHistory {
  readonly all: Candle[] = [];

  /** Takes a new one, or the newer state of one that there is. */
  add(candle: Candle): void {
    const last = this.all.at(-1);
    if (!last || candle.time > last.time) {
      this.all.push(candle);
      if (this.all.length > KEPT) this.all.shift();
      return;
    }
    const at = this.all.findLastIndex(({ time }) => time <= candle.time);
    if (this.all[at]?.time === candle.time) this.all[at] = candle;
    else this.all.splice(at + 1, 0, candle);
  }

  /**
   * Adds one trade to the candle that it falls into.
   *
   * @returns that candle's time
   */
  trade(seconds: number, price: number, amount: number, period: number): number {
    const time = Math.floor(seconds / period) * period;
    const there = this.all.findLast((candle) => candle.time === time);
    if (!there) {
      this.add({ time, open: price, high: price, low: price, close: price, volume: amount });
    } else {
      this.add({
        ...there,
        high: Math.max(there.high, price),
        low: Math.min(there.low, price),
        close: price,
        volume: Math.min(there.volume + amount, LARGEST),
      });
    }
    return time;
  }
}

/** What `<market>.kline-<period>` carries, as numbers; undefined where it is something else. */
export function candleOf(payload: unknown): Candle | undefined {
  if (!Array.isArray(payload) || payload.length < 6) return undefined;
  // A period without trades may have nulls for prices, which are not zeros.
  const [time, open, high, low, close, volume] = payload.map((part) =>
    Number(typeof part === "object" ? NaN : part)
  );
  const candle = {
    time: time!,
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    // Its bar is drawn as high as the chart can, rather than the candle left out.
    volume: Math.min(volume!, LARGEST),
  };
  return isDrawable(candle) ? candle : undefined;
}

/** Whether the chart can draw it. */
export function isDrawable({ time, ...figures }: Candle): boolean {
  return isTime(time * 1000) && Object.values(figures).every((one) => Math.abs(one) <= LARGEST);
}
