import { numeric } from "./decimal.ts";
import type { MarketDefinition } from "./markets.ts";
import type { Trade } from "./orders.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The length of each period in seconds, by its name in the stream. */
export const PERIODS = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "30m": 30 * MINUTE,
  "1h": HOUR,
  "2h": 2 * HOUR,
  "4h": 4 * HOUR,
  "6h": 6 * HOUR,
  "12h": 12 * HOUR,
  "1d": DAY,
  "3d": 3 * DAY,
  "1w": 7 * DAY,
} as const satisfies Record<string, number>;

/** The epoch was a Thursday, and weeks begin on Monday. */
const FIRST_MONDAY = 4 * DAY;

interface Candle {
  /** The start of the period, in seconds since the epoch. */
  readonly time: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  changed: boolean;
}

/**
 * The current candles of one market, one per period, from its trades.
 *
 * @example
 * ```ts
 * import { type MarketDefinition } from "./markets.ts";
 * import { type Trade } from "./orders.ts";
 * declare const [market, trade]: [MarketDefinition, Trade];
 * const candles = new Candles(market, (period, candle) => console.log(`kline-${period}`, candle));
 * candles.add(trade);
 * candles.flush();
 * ```
 */
export class Candles {
  readonly #market: MarketDefinition;
  readonly #publish: (period: string, candle: readonly number[]) => void;
  readonly #current = new Map<string, Candle>();

  /**
   * @param publish called with a period and its candle: time in seconds, open, high, low, close, volume
   */
  constructor(
    market: MarketDefinition,
    publish: (period: string, candle: readonly number[]) => void,
  ) {
    this.#market = market;
    this.#publish = publish;
  }

  /** Adds a trade. A candle whose period has ended is published before the next one begins. */
  add(trade: Trade): void {
    for (const [period, length] of Object.entries(PERIODS)) {
      const time = startOf(trade.at, length);
      const candle = this.#current.get(period);
      if (candle?.time === time) {
        candle.high = Math.max(candle.high, trade.price);
        candle.low = Math.min(candle.low, trade.price);
        candle.close = trade.price;
        candle.volume += trade.amount;
        candle.changed = true;
        continue;
      }
      if (candle?.changed) this.#send(period, candle);
      const { price, amount: volume } = trade;
      this.#current.set(period, {
        time,
        open: price,
        high: price,
        low: price,
        close: price,
        volume,
        changed: true,
      });
    }
  }

  /** Publishes every candle that changed since it was last published. */
  flush(): void {
    for (const [period, candle] of this.#current) {
      if (candle.changed) this.#send(period, candle);
    }
  }

  #send(period: string, candle: Candle): void {
    candle.changed = false;
    const { pricePrecision, amountPrecision } = this.#market;
    const prices = [candle.open, candle.high, candle.low, candle.close];
    this.#publish(period, [
      candle.time,
      ...prices.map((price) => numeric(price, pricePrecision)),
      numeric(candle.volume, amountPrecision),
    ]);
  }
}

function startOf(at: number, length: number): number {
  const origin = length === PERIODS["1w"] ? FIRST_MONDAY : 0;
  return Math.floor((at - origin) / length) * length + origin;
}
