import { bigDecimal, numeric } from "./decimal.ts";
import type { MarketDefinition } from "./markets.ts";
import type { Trade } from "./orders.ts";

const MINUTE = 60;
const MINUTES_A_DAY = 24 * 60;

interface Minute {
  readonly minute: number;
  readonly open: number;
  high: number;
  low: number;
  /** Lots. */
  amount: number;
  /** Ticks times lots. */
  funds: bigint;
}

/** The last 24 hours of one market, by the minute, for `global.tickers`. */
export class Ticker {
  readonly #market: MarketDefinition;
  /** Minutes with trades, oldest first. */
  readonly #minutes: Minute[] = [];
  #last: number;

  constructor(market: MarketDefinition) {
    this.#market = market;
    this.#last = market.price;
  }

  /** Adds a trade, in the order of their times. */
  add(trade: Trade): void {
    const minute = Math.floor(trade.at / MINUTE);
    let current = this.#minutes.at(-1);
    if (current?.minute !== minute) {
      const { price } = trade;
      current = { minute, open: price, high: price, low: price, amount: 0, funds: 0n };
      this.#minutes.push(current);
    }
    current.high = Math.max(current.high, trade.price);
    current.low = Math.min(current.low, trade.price);
    current.amount += trade.amount;
    current.funds += BigInt(trade.price) * BigInt(trade.amount);
    this.#last = trade.price;
  }

  /**
   * The market's part of `global.tickers`.
   *
   * @param at seconds since the epoch
   * @param buy the best bid in ticks, 0 if there is none
   * @param sell the best ask in ticks, 0 if there is none
   */
  payload(at: number, buy: number, sell: number): Record<string, unknown> {
    const oldest = Math.floor(at / MINUTE) - MINUTES_A_DAY;
    while (this.#minutes[0] !== undefined && this.#minutes[0].minute <= oldest) {
      this.#minutes.shift();
    }
    const { name, base, quote, pricePrecision, amountPrecision } = this.#market;
    const open = this.#minutes[0]?.open ?? this.#last;
    let low = this.#last;
    let high = this.#last;
    let amount = 0;
    let funds = 0n;
    for (const minute of this.#minutes) {
      low = Math.min(low, minute.low);
      high = Math.max(high, minute.high);
      amount += minute.amount;
      funds += minute.funds;
    }
    const average = amount === 0 ? 0n : funds / BigInt(amount);
    const change = ((this.#last - open) / open) * 100;
    return {
      name,
      base_unit: base,
      quote_unit: quote,
      low: bigDecimal(low, pricePrecision),
      high: bigDecimal(high, pricePrecision),
      last: bigDecimal(this.#last, pricePrecision),
      open: numeric(open, pricePrecision),
      volume: bigDecimal(funds, pricePrecision + amountPrecision),
      amount: bigDecimal(amount, amountPrecision),
      avg_price: bigDecimal(average, pricePrecision),
      price_change_percent: `${change < 0 ? "" : "+"}${change.toFixed(2)}%`,
      sell: bigDecimal(sell, pricePrecision),
      buy: bigDecimal(buy, pricePrecision),
      at,
    };
  }
}
