import { bigDecimal } from "./decimal.ts";
import type { Market, Publish } from "./market.ts";
import type { Side } from "./book_side.ts";
import type { Order } from "./orders.ts";
import type { Random } from "./random.ts";

/** Digits after the point in a balance, as in Peatio: enough for any price times any amount. */
const BALANCE_PRECISION = 16;
/** In whole coins, by currency. */
const OPENING_BALANCES: Readonly<Record<string, number>> = { usd: 1_000_000, btc: 25, eth: 400 };
const OTHER_BALANCE = 100_000;

const MAX_OPEN_ORDERS = 6;
/** Milliseconds. */
const ACT_INTERVAL_MS = [800, 2_500] as const;
const BALANCES_INTERVAL_MS = 5_000;
const ADDRESS_INTERVAL_MS = 20_000;

interface OpenOrder {
  readonly market: Market;
  readonly order: Order;
}

/**
 * The demo's user. It places, takes and cancels small orders in all markets, so that the private
 * streams of one user show all states of an order, trades, balances and addresses.
 */
export class DemoUser {
  readonly uid: string;
  readonly #markets: readonly Market[];
  readonly #random: Random;
  readonly #publish: Publish;
  #open: OpenOrder[] = [];
  /** The part of each order that the balances include. */
  readonly #counted = new WeakMap<Order, { lots: number; funds: bigint }>();
  readonly #balances = new Map<string, bigint>();
  #acts = 0;
  #nextAct: number;
  #nextBalances: number;
  #nextAddress: number;
  #lastBalances = "";

  /** @param now milliseconds since the epoch */
  constructor(
    uid: string,
    markets: readonly Market[],
    random: Random,
    publish: Publish,
    now: number,
  ) {
    this.uid = uid;
    this.#markets = markets;
    this.#random = random;
    this.#publish = publish;
    for (const { definition } of markets) {
      for (const currency of [definition.base, definition.quote]) {
        const coins = OPENING_BALANCES[currency] ?? OTHER_BALANCE;
        this.#balances.set(currency, BigInt(coins) * 10n ** BigInt(BALANCE_PRECISION));
      }
    }
    this.#nextAct = now;
    this.#nextBalances = now + BALANCES_INTERVAL_MS;
    this.#nextAddress = now + ADDRESS_INTERVAL_MS / 4;
  }

  /** Acts and publishes what is due; `now` is in milliseconds since the epoch. */
  step(now: number): void {
    if (this.#markets.length === 0) return;
    if (now >= this.#nextAct) {
      this.#nextAct = now + this.#random.integer(...ACT_INTERVAL_MS);
      this.#act(Math.floor(now / 1000));
    }
    if (now >= this.#nextBalances) {
      this.#nextBalances = now + BALANCES_INTERVAL_MS;
      this.#publishBalances();
    }
    if (now >= this.#nextAddress) {
      this.#nextAddress = now + ADDRESS_INTERVAL_MS;
      this.#publishAddress();
    }
  }

  #act(at: number): void {
    this.#settle();
    // The first acts take, market by market, so that a new client soon sees a private trade.
    const market = this.#acts < this.#markets.length
      ? this.#markets[this.#acts]!
      : this.#random.pick(this.#markets);
    const dice = this.#acts < 2 ? 0 : this.#random.next();
    this.#acts += 1;
    const oldest = this.#open[0];
    if (oldest !== undefined && (this.#open.length >= MAX_OPEN_ORDERS || dice > 0.8)) {
      oldest.market.cancel(oldest.order, at);
    } else if (dice < 0.4) this.#take(market, at);
    else this.#rest(market, at);
    this.#settle();
  }

  /** Takes a part of the best level. */
  #take(market: Market, at: number): void {
    const side = this.#side(market);
    const best = market.levels(side === "buy" ? "sell" : "buy")[0];
    if (best === undefined) return;
    const wanted = Math.ceil(best.amount * (0.1 + 0.5 * this.#random.next()));
    const amount = Math.min(wanted, market.definition.size);
    const type = this.#random.chance(0.5) ? "market" : "limit";
    this.#place(market, side, type, best.price, amount, at);
  }

  /** Places an order at one of the best prices, large enough to be filled in parts. */
  #rest(market: Market, at: number): void {
    const side = this.#side(market);
    const level = market.levels(side)[this.#random.integer(0, 1)];
    if (level === undefined) return;
    const amount = this.#random.integer(
      Math.ceil(market.definition.size / 2),
      2 * market.definition.size,
    );
    this.#place(market, side, "limit", level.price, amount, at);
  }

  #place(
    market: Market,
    side: Side,
    type: "limit" | "market",
    price: number,
    amount: number,
    at: number,
  ): void {
    const { base, quote } = market.definition;
    const needed = side === "buy"
      ? funds(market, BigInt(price) * BigInt(amount))
      : coins(market, amount);
    if (this.#available(side === "buy" ? quote : base) < needed) return;
    const order = market.place({ uid: this.uid, side, type, price, amount }, at);
    this.#open.push({ market, order });
  }

  /** Prefers to sell what has grown, so that the balances stay near the opening ones. */
  #side(market: Market): Side {
    const { base } = market.definition;
    const opening = BigInt(OPENING_BALANCES[base] ?? OTHER_BALANCE);
    const rich = this.#balanceOf(base) > opening * 10n ** BigInt(BALANCE_PRECISION);
    return this.#random.chance(rich ? 0.35 : 0.65) ? "buy" : "sell";
  }

  /** Adds new trades to the balances, and removes orders that are done. */
  #settle(): void {
    for (const { market, order } of this.#open) {
      const before = this.#counted.get(order) ?? { lots: 0, funds: 0n };
      const lots = order.origin - order.remaining;
      const sign = order.side === "buy" ? 1n : -1n;
      const { base, quote } = market.definition;
      this.#add(base, sign * coins(market, lots - before.lots));
      this.#add(quote, -sign * funds(market, order.funds - before.funds));
      this.#counted.set(order, { lots, funds: order.funds });
    }
    this.#open = this.#open.filter(({ order }) => order.state === "wait");
  }

  #add(currency: string, units: bigint): void {
    this.#balances.set(currency, this.#balanceOf(currency) + units);
  }

  #balanceOf(currency: string): bigint {
    return this.#balances.get(currency) ?? 0n;
  }

  #available(currency: string): bigint {
    return this.#balanceOf(currency) - this.#locked(currency);
  }

  /** The amount in open orders. */
  #locked(currency: string): bigint {
    let locked = 0n;
    for (const { market, order } of this.#open) {
      const { base, quote } = market.definition;
      if (order.side === "sell" && base === currency) locked += coins(market, order.remaining);
      if (order.side === "buy" && quote === currency) {
        locked += funds(market, BigInt(order.price) * BigInt(order.remaining));
      }
    }
    return locked;
  }

  #publishBalances(): void {
    this.#settle();
    const balances: Record<string, [string, string]> = {};
    for (const currency of this.#balances.keys()) {
      balances[currency] = [
        bigDecimal(this.#available(currency), BALANCE_PRECISION),
        bigDecimal(this.#locked(currency), BALANCE_PRECISION),
      ];
    }
    const text = JSON.stringify(balances);
    if (text === this.#lastBalances) return;
    this.#lastBalances = text;
    this.#publish(`private.${this.uid}.balances`, balances);
  }

  #publishAddress(): void {
    const currency = this.#random.pick(this.#markets).definition.base;
    this.#publish(`private.${this.uid}.deposit_address`, {
      type: "create",
      currencies: [currency],
      blockchain_key: `${currency}-demonet`,
      address: `demo1${this.#random.text("023456789acdefghjklmnpqrstuvwxyz", 38)}`,
    });
  }
}

/** Lots of a market as units of a balance. */
function coins(market: Market, lots: number): bigint {
  return BigInt(lots) * 10n ** BigInt(BALANCE_PRECISION - market.definition.amountPrecision);
}

/** Ticks times lots of a market as units of a balance. */
function funds(market: Market, product: bigint): bigint {
  const { pricePrecision, amountPrecision } = market.definition;
  return product * 10n ** BigInt(BALANCE_PRECISION - pricePrecision - amountPrecision);
}
