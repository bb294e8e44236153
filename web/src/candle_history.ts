import { isTime } from "./numbers.ts";

/** The largest number that the chart draws; it throws on larger ones. */
const MAX_CHART_VALUE = 90_071_992_547_409;

/** One candle as numbers, which are exact enough to draw. */
export interface Candle {
  /** Start of the period, in seconds since the epoch. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Maximum candles per market and period. */
const MAX_CANDLES = 2000;

/** The candles of one market and period, in order of time. */
export class CandleHistory {
  readonly all: Candle[] = [];

  /** Adds a candle, or replaces the one of the same time. */
  add(candle: Candle): void {
    const last = this.all.at(-1);
    if (!last || candle.time > last.time) {
      this.all.push(candle);
      if (this.all.length > MAX_CANDLES) this.all.shift();
      return;
    }
    const at = this.all.findLastIndex(({ time }) => time <= candle.time);
    if (this.all[at]?.time === candle.time) this.all[at] = candle;
    else this.all.splice(at + 1, 0, candle);
  }

  /**
   * Adds a trade to the candle of its period.
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
        volume: Math.min(there.volume + amount, MAX_CHART_VALUE),
      });
    }
    return time;
  }
}

/** Reads a payload of `<market>.kline-<period>`; `undefined` if it is not a candle. */
export function candleOf(payload: unknown): Candle | undefined {
  if (!Array.isArray(payload) || payload.length < 6) return undefined;
  // Prices of a period without trades may be null, which is not zero.
  const [time, open, high, low, close, volume] = payload.map((part) =>
    Number(typeof part === "object" ? NaN : part)
  );
  const candle = {
    time: time!,
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    // Clamped, so that the candle is shown with the tallest possible bar.
    volume: Math.min(volume!, MAX_CHART_VALUE),
  };
  return isDrawable(candle) ? candle : undefined;
}

/** Whether the chart can draw a candle. */
export function isDrawable({ time, ...figures }: Candle): boolean {
  return isTime(time * 1000) &&
    Object.values(figures).every((one) => Math.abs(one) <= MAX_CHART_VALUE);
}
