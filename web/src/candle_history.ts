import { type Figure, isTime, readNumber, sumOf, timeOf } from "./numbers.ts";

/** The numbers of one candle. */
export interface Candle {
  /** Start of the period, in seconds since the epoch. */
  readonly time: number;
  readonly open: Figure;
  readonly high: Figure;
  readonly low: Figure;
  readonly close: Figure;
  readonly volume: Figure;
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
  trade(seconds: number, price: Figure, amount: Figure, period: number): number {
    const time = Math.floor(seconds / period) * period;
    const there = this.all.findLast((candle) => candle.time === time);
    if (!there) {
      this.add({ time, open: price, high: price, low: price, close: price, volume: amount });
    } else {
      this.add({
        ...there,
        high: price.value > there.high.value ? price : there.high,
        low: price.value < there.low.value ? price : there.low,
        close: price,
        volume: sumOf(there.volume, amount),
      });
    }
    return time;
  }
}

/** Reads a payload of `<market>.kline-<period>`; `undefined` if it is not a candle. */
export function candleOf(payload: unknown): Candle | undefined {
  if (!Array.isArray(payload) || payload.length < 6) return undefined;
  const time = Math.floor(timeOf(payload[0]) / 1000);
  // Prices of a period without trades may be null, which is not zero.
  const [open, high, low, close, volume] = payload.slice(1, 6).map(readNumber);
  if (!isTime(time * 1000) || !open || !high || !low || !close || !volume) return undefined;
  return high.value < low.value ? undefined : { time, open, high, low, close, volume };
}
