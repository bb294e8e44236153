/** One event as the exchange would publish it. */
export interface SampleEvent {
  readonly routingKey: string;
  readonly payload: unknown;
}

/** Whom the samples are about. */
export interface SampleOptions {
  /** Market id: `btcusd`. */
  readonly market: string;
  /** Whose private events they are. */
  readonly uid: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * One event of each kind that an exchange publishes, in an order that makes sense to who watches:
 * the order book's snapshot before its increments, an order before its trade.
 *
 * @example
 * ```ts
 * sampleEvents({ market: "btcusd", uid: "ID123", now: 1588000798 })[0]?.routingKey;
 * // "public.global.tickers"
 * ```
 */
export function sampleEvents({ market, uid, now }: SampleOptions): SampleEvent[] {
  const inMarket = (event: string, payload: unknown) => ({
    routingKey: `public.${market}.${event}`,
    payload,
  });
  const toUser = (event: string, payload: unknown) => ({
    routingKey: `private.${uid}.${event}`,
    payload,
  });
  // Rises from run to run, as the exchange's own does.
  const sequence = now * 10;
  const minute = now - now % 60;
  const tid = now;
  return [
    { routingKey: "public.global.tickers", payload: { [market]: ticker(market, now) } },
    inMarket("update", { asks: ASKS, bids: BIDS }),
    inMarket("ob-snap", { asks: ASKS, bids: BIDS, sequence }),
    toUser("order", order(market, now, tid)),
    inMarket("ob-inc", { asks: ["1020.0", "0.004"], sequence: sequence + 1 }),
    inMarket("ob-inc", { bids: ["999.0", "0.3"], sequence: sequence + 2 }),
    inMarket("ob-inc", { bids: ["999.0", "0.0"], sequence: sequence + 3 }),
    inMarket("trades", {
      trades: [{ tid, taker_type: "buy", date: now, price: "1020.0", amount: "0.001" }],
    }),
    inMarket("kline-1m", [minute, 1000.0, 1020.0, 1000.0, 1020.0, 0.001]),
    toUser("trade", {
      id: tid,
      price: "1020.0",
      amount: "0.001",
      total: "1.02",
      market,
      side: "buy",
      taker_type: "buy",
      created_at: now,
      order_id: tid,
    }),
    toUser("deposit_address", {
      type: "create",
      currencies: ["btc"],
      blockchain_key: "btc-testnet",
      address: "2N8hwP1WmJrFF5QWABn38y63uYLhnJYJYTF",
    }),
    toUser("balances", { btc: ["0.249", "0.001"], usd: ["1020.0", "0.0"] }),
  ];
}

const ASKS = [["1020.0", "0.005"], ["1026.0", "0.03"]];
const BIDS = [["1000.0", "0.25"], ["999.0", "0.001"]];

function ticker(market: string, now: number) {
  const [, base = market, quote = ""] = /^(.+)(.{3})$/.exec(market) ?? [];
  return {
    name: `${base}/${quote}`.toUpperCase(),
    base_unit: base,
    quote_unit: quote,
    low: "1000.0",
    high: "1020.0",
    last: "1020.0",
    open: "1000.0",
    volume: "1.02",
    amount: "0.001",
    avg_price: "1020.0",
    price_change_percent: "+2.00%",
    sell: "1020.0",
    buy: "1000.0",
    at: now,
  };
}

function order(market: string, now: number, id: number) {
  return {
    id,
    market,
    kind: "bid",
    side: "buy",
    ord_type: "limit",
    price: "1020.0",
    avg_price: "1020.0",
    state: "wait",
    origin_volume: "0.002",
    remaining_volume: "0.001",
    executed_volume: "0.001",
    at: now,
    created_at: now,
    updated_at: now,
    trades_count: 1,
  };
}
