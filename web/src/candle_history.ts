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
const MAX_CANDLES = 2000;

/** The candles of one market and period, in the order of time. */
export class CandleHistory {
  readonly all: Candle[] = [];

  /** Takes a new one, or the newer state of one that there is. */
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
        volume: there.volume + amount,
      });
    }
    return time;
  }
}

/** What `<market>.kline-<period>` carries, as numbers; undefined where it is something else. */
export function candleOf(payload: unknown): Candle | undefined {
  if (!Array.isArray(payload) || payload.length < 6) return undefined;
  // A period without trades may have nulls for prices, which are not zeros.
  const [time, open, high, low, close, volume] = payload.map((part) => Number(part ?? NaN));
  const candle = {
    time: time!,
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    volume: volume!,
  };
  return Object.values(candle).every(Number.isFinite) ? candle : undefined;
}
