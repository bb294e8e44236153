/** The properties of a simulated market. */
export interface MarketDefinition {
  /** As in the routing key: `btcusd`. */
  readonly id: string;
  /** For display: `BTC/USD`. */
  readonly name: string;
  /** The currency that is traded: `btc`. */
  readonly base: string;
  /** The currency of the price: `usd`. */
  readonly quote: string;
  /** Digits after the point in a price; a price is counted in units of the last digit, ticks. */
  readonly pricePrecision: number;
  /** Digits after the point in an amount; an amount is counted in units of the last digit, lots. */
  readonly amountPrecision: number;
  /** The price at the start, which it stays near, in ticks. */
  readonly price: number;
  /** Prices are multiples of this many ticks. */
  readonly grid: number;
  /** The size of a typical order, in lots. */
  readonly size: number;
}

/** The markets of `ranger demo`. */
export const MARKETS: readonly MarketDefinition[] = [
  {
    id: "btcusd",
    name: "BTC/USD",
    base: "btc",
    quote: "usd",
    pricePrecision: 2,
    amountPrecision: 6,
    price: 61_250_00,
    grid: 50,
    size: 120_000,
  },
  {
    id: "ethusd",
    name: "ETH/USD",
    base: "eth",
    quote: "usd",
    pricePrecision: 2,
    amountPrecision: 5,
    price: 3_062_50,
    grid: 5,
    size: 240_000,
  },
  {
    id: "ethbtc",
    name: "ETH/BTC",
    base: "eth",
    quote: "btc",
    pricePrecision: 6,
    amountPrecision: 4,
    price: 50_000,
    grid: 1,
    size: 20_000,
  },
  {
    id: "ltcusd",
    name: "LTC/USD",
    base: "ltc",
    quote: "usd",
    pricePrecision: 2,
    amountPrecision: 4,
    price: 84_20,
    grid: 1,
    size: 250_000,
  },
  {
    id: "xrpusd",
    name: "XRP/USD",
    base: "xrp",
    quote: "usd",
    pricePrecision: 5,
    amountPrecision: 2,
    price: 52_340,
    grid: 5,
    size: 150_000,
  },
];
