import { PeatioEngine } from "./engine.ts";

/** One event as the exchange publishes it. */
export interface SampleEvent {
  readonly routingKey: string;
  readonly payload: unknown;
}

/** The market and the user of the samples. */
export interface SampleOptions {
  /** Market id: `btcusd`. */
  readonly market: string;
  /** The user of the private events. */
  readonly uid: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * Events of all kinds that are declared as simulated, in the order that an exchange publishes them:
 * the order book's snapshot before its increments, an order before its trade. The order book's
 * events come from {@linkcode PeatioEngine}: a level that changes, one that is added, one that is
 * removed, and a snapshot along with the last.
 *
 * @example
 * ```ts
 * sampleEvents({ market: "btcusd", uid: "ID123", now: 1588000798 })[0]?.routingKey;
 * // "public.global.tickers"
 * ```
 */
export function sampleEvents({ market, uid, now }: SampleOptions): SampleEvent[] {
  const events: SampleEvent[] = [];
  const publish = (routingKey: string, payload: unknown) =>
    void events.push({ routingKey, payload });
  const inMarket = (event: string, payload: unknown) =>
    publish(`public.${market}.${event}`, payload);
  const toUser = (event: string, payload: unknown) => publish(`private.${uid}.${event}`, payload);
  const minute = now - now % 60;
  const tid = now;

  publish("public.global.tickers", { [market]: ticker(market, now) });
  let elapsed = 0;
  const engine = new PeatioEngine({
    market: { id: market, pricePrecision: 1, amountPrecision: 3 },
    publish,
    now: () => elapsed,
  });
  const limit = (id: number, side: "buy" | "sell", price: number, remaining: number) => {
    const order = { id, side, type: "limit" as const, price, remaining };
    engine.submit(order);
    return order;
  };
  limit(1, "sell", 1020_0, 5);
  limit(2, "sell", 1026_0, 30);
  limit(3, "buy", 1000_0, 250);
  const leaving = limit(4, "buy", 999_0, 1);
  const { asks, bids } = engine.book;
  inMarket("update", { asks, bids });
  engine.start();

  toUser("order", order(market, now, tid, "wait"));
  limit(5, "buy", 1020_0, 1);
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
  });
  inMarket("trades", {
    trades: [{ tid, taker_type: "buy", date: now, price: "1020.0", amount: "0.001" }],
  });
  toUser("order", order(market, now, tid, "done"));
  toUser("balances", { btc: ["0.251", "0.0"], usd: ["1018.98", "0.0"] });
  inMarket("kline-1m", [minute, 1000.0, 1020.0, 1000.0, 1020.0, 0.001]);

  limit(6, "buy", 998_0, 300);
  // The time after which the next change is published with a snapshot.
  elapsed = 60_000;
  engine.cancel(leaving);
  toUser("deposit_address", {
    type: "create",
    currencies: ["btc"],
    blockchain_key: "btc-testnet",
    address: "2N8hwP1WmJrFF5QWABn38y63uYLhnJYJYTF",
  });
  return events;
}

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

/** The user's order, before and after its only trade. */
function order(market: string, now: number, id: number, state: "wait" | "done") {
  const done = state === "done";
  return {
    id,
    market,
    kind: "bid",
    side: "buy",
    ord_type: "limit",
    price: "1020.0",
    avg_price: done ? "1020.0" : "0.0",
    state,
    origin_volume: "0.001",
    remaining_volume: done ? "0.0" : "0.001",
    executed_volume: done ? "0.001" : "0.0",
    at: now,
    created_at: now,
    updated_at: now,
    trades_count: done ? 1 : 0,
  };
}
