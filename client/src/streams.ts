/**
 * The streams that the server knows by name, and what each carries. Written by
 * scripts/client_streams.ts from the server's src/streams/peatio.ts: change it there.
 */

/** A decimal number as text, every digit kept: `"0.00000001"`. Compare with `compareDecimals`. */
export type Decimal = string;

/** Any text beside known words, which editors complete: exchanges and versions add others. */
// deno-lint-ignore ban-types
export type OtherText = string & {};

/** What `<id>.update` carries. */
export type Update = {
  asks: Array<[Decimal, Decimal]>;
  bids: Array<[Decimal, Decimal]>;
};

/** What `<id>.trades` carries. */
export type Trades = {
  trades: Array<
    {
      tid: string | number;
      date: number | string;
      price: Decimal | number;
      amount: Decimal | number;
      taker_type: "buy" | "sell" | OtherText;
      type?: undefined;
    } | {
      tid: string | number;
      date: number | string;
      price: Decimal | number;
      amount: Decimal | number;
      type: "buy" | "sell" | OtherText;
      taker_type?: undefined;
    }
  >;
};

/** What `<id>.ob-snap` carries. */
export type ObSnap = {
  asks: Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>;
  bids: Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>;
  sequence?: number | string | undefined;
};

/** What `<id>.ob-inc` carries. An amount of "" removes the level at that price, and so do null and zero. */
export type ObInc = {
  asks?:
    | [Decimal | number, Decimal | "" | number | null, (string | number)?]
    | Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>
    | null
    | undefined;
  bids?:
    | [Decimal | number, Decimal | "" | number | null, (string | number)?]
    | Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>
    | null
    | undefined;
  sequence?: number | string | undefined;
};

/** What `<levels>` may be in `<id>.depth-<levels>`. */
export type DepthLevels = "5" | "10" | "20" | "50" | "100";

/** What `<id>.depth-<levels>` carries. */
export type Depth = {
  asks: Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>;
  bids: Array<[Decimal | number, Decimal | "" | number | null, (string | number)?]>;
  sequence?: number | string | undefined;
};

/** What `<id>.bbo` carries. */
export type Bbo = {
  ask: [Decimal | number, Decimal | "" | number | null, (string | number)?] | null;
  bid: [Decimal | number, Decimal | "" | number | null, (string | number)?] | null;
  sequence?: number | string | undefined;
};

/** What `<period>` may be in `<id>.kline-<period>`. */
export type KlinePeriod =
  | "1m"
  | "5m"
  | "15m"
  | "30m"
  | "1h"
  | "2h"
  | "4h"
  | "6h"
  | "12h"
  | "1d"
  | "3d"
  | "1w";

/** What `<id>.kline-<period>` carries. */
export type Kline = [
  number | string,
  Decimal | number | null,
  Decimal | number | null,
  Decimal | number | null,
  Decimal | number | null,
  Decimal | number | null,
];

/** What `global.tickers` carries. */
export type Tickers = Record<string, {
  name?: string | null | undefined;
  base_unit?: string | null | undefined;
  quote_unit?: string | null | undefined;
  low?: Decimal | "NaN" | number | null | undefined;
  high?: Decimal | "NaN" | number | null | undefined;
  last?: Decimal | "NaN" | number | null | undefined;
  open?: Decimal | "NaN" | number | null | undefined;
  volume?: Decimal | "NaN" | number | null | undefined;
  amount?: Decimal | "NaN" | number | null | undefined;
  avg_price?: Decimal | "NaN" | number | null | undefined;
  price_change_percent?: string | null | undefined;
  sell?: Decimal | "NaN" | number | null | undefined;
  buy?: Decimal | "NaN" | number | null | undefined;
  at?: number | string | null | undefined;
}>;

/** What `order` carries. */
export type Order = {
  id: string | number;
  kind?: "bid" | "ask" | OtherText | null | undefined;
  market: string;
  side: "buy" | "sell";
  ord_type: "limit" | "market" | OtherText;
  price: Decimal | number | null;
  avg_price?: Decimal | number | null | undefined;
  state:
    | "pending"
    | "wait"
    | "done"
    | "cancel"
    | "reject"
    | "execution_reject"
    | "trigger_wait"
    | "trigger_cancel"
    | "trigger_reject"
    | OtherText;
  origin_volume: Decimal | number;
  remaining_volume: Decimal | number;
  executed_volume: Decimal | number;
  at?: number | string | null | undefined;
  created_at?: number | string | null | undefined;
  updated_at?: number | string | null | undefined;
  trades_count?: number | null | undefined;
  volume?: undefined;
  market_id?: undefined;
  trades?: undefined;
} | {
  id: string | number;
  at: number | string;
  market: string;
  kind: "bid" | "ask";
  price: Decimal | number | null;
  state:
    | "pending"
    | "wait"
    | "done"
    | "cancel"
    | "reject"
    | "execution_reject"
    | "trigger_wait"
    | "trigger_cancel"
    | "trigger_reject"
    | OtherText;
  origin_volume: Decimal | number;
  volume: Decimal | number;
  side?: undefined;
  ord_type?: undefined;
  avg_price?: undefined;
  remaining_volume?: undefined;
  executed_volume?: undefined;
  created_at?: undefined;
  updated_at?: undefined;
  trades_count?: undefined;
  market_id?: undefined;
  trades?: undefined;
} | {
  id: string | number;
  at: number | string;
  market: string;
  kind: "bid" | "ask";
  price: Decimal | number | null;
  state:
    | "pending"
    | "wait"
    | "done"
    | "cancel"
    | "reject"
    | "execution_reject"
    | "trigger_wait"
    | "trigger_cancel"
    | "trigger_reject"
    | OtherText;
  origin_volume: Decimal | number;
  remaining_volume: Decimal | number;
  side?: undefined;
  ord_type?: undefined;
  avg_price?: undefined;
  executed_volume?: undefined;
  created_at?: undefined;
  updated_at?: undefined;
  trades_count?: undefined;
  volume?: undefined;
  market_id?: undefined;
  trades?: undefined;
} | {
  id: string | number;
  side: "buy" | "sell";
  ord_type: "limit" | "market" | OtherText;
  price: Decimal | number | null;
  avg_price?: Decimal | number | null | undefined;
  state:
    | "pending"
    | "wait"
    | "done"
    | "cancel"
    | "reject"
    | "execution_reject"
    | "trigger_wait"
    | "trigger_cancel"
    | "trigger_reject"
    | OtherText;
  market_id: string;
  created_at: number | string;
  origin_volume: Decimal | number;
  trades_count?: number | null | undefined;
  trades?: Array<Record<string, unknown>> | null | undefined;
  kind?: undefined;
  market?: undefined;
  remaining_volume?: undefined;
  executed_volume?: undefined;
  at?: undefined;
  updated_at?: undefined;
  volume?: undefined;
};

/** What `trade` carries. */
export type Trade = {
  id: string | number;
  price: Decimal | number;
  amount: Decimal | number;
  total: Decimal | number;
  market: string;
  side: "buy" | "sell";
  taker_type: "buy" | "sell" | OtherText;
  created_at: number | string;
  order_id: string | number;
  kind?: undefined;
  at?: undefined;
  volume?: undefined;
  ask_id?: undefined;
  bid_id?: undefined;
  funds?: undefined;
  market_id?: undefined;
  bid?: undefined;
  ask?: undefined;
} | {
  id: string | number;
  kind: "bid" | "ask";
  at: number | string;
  price: Decimal | number;
  volume: Decimal | number;
  ask_id?: string | number | null | undefined;
  bid_id?: string | number | null | undefined;
  market: string;
  side?: "bid" | "ask" | OtherText | null | undefined;
  created_at?: number | string | null | undefined;
  amount?: undefined;
  total?: undefined;
  taker_type?: undefined;
  order_id?: undefined;
  funds?: undefined;
  market_id?: undefined;
  bid?: undefined;
  ask?: undefined;
} | {
  id: string | number;
  price: Decimal | number;
  volume: Decimal | number;
  funds?: Decimal | number | null | undefined;
  market_id: string;
  created_at: number | string;
  side: "bid" | "ask";
  order_id: string | number;
  bid?:
    | {
      id?: string | number | undefined;
      side?: "buy" | "sell" | undefined;
      ord_type?: "limit" | "market" | OtherText | undefined;
      price?: Decimal | number | null | undefined;
      avg_price?: Decimal | number | null | undefined;
      state?:
        | "pending"
        | "wait"
        | "done"
        | "cancel"
        | "reject"
        | "execution_reject"
        | "trigger_wait"
        | "trigger_cancel"
        | "trigger_reject"
        | OtherText
        | undefined;
      market_id?: string | undefined;
      created_at?: number | string | undefined;
      origin_volume?: Decimal | number | undefined;
      trades_count?: number | null | undefined;
      trades?: Array<Record<string, unknown>> | null | undefined;
    }
    | null
    | undefined;
  ask?:
    | {
      id?: string | number | undefined;
      side?: "buy" | "sell" | undefined;
      ord_type?: "limit" | "market" | OtherText | undefined;
      price?: Decimal | number | null | undefined;
      avg_price?: Decimal | number | null | undefined;
      state?:
        | "pending"
        | "wait"
        | "done"
        | "cancel"
        | "reject"
        | "execution_reject"
        | "trigger_wait"
        | "trigger_cancel"
        | "trigger_reject"
        | OtherText
        | undefined;
      market_id?: string | undefined;
      created_at?: number | string | undefined;
      origin_volume?: Decimal | number | undefined;
      trades_count?: number | null | undefined;
      trades?: Array<Record<string, unknown>> | null | undefined;
    }
    | null
    | undefined;
  amount?: undefined;
  total?: undefined;
  market?: undefined;
  taker_type?: undefined;
  kind?: undefined;
  at?: undefined;
  ask_id?: undefined;
  bid_id?: undefined;
};

/** What `deposit_address` carries. */
export type DepositAddress = {
  type: string;
  currencies: string[];
  blockchain_key?: string | null | undefined;
  address: string | null;
  currency?: undefined;
  attributes?: undefined;
} | {
  currency: string;
  address: string | null;
  type?: undefined;
  currencies?: undefined;
  blockchain_key?: undefined;
  attributes?: undefined;
} | {
  type: string;
  attributes: {
    currency: string;
    address: string | null;
  };
  currencies?: undefined;
  blockchain_key?: undefined;
  address?: undefined;
  currency?: undefined;
};

/** What `balances` carries. */
export type Balances = Record<string, [Decimal | number, Decimal | number]>;

/** What `balance` carries. */
export type Balance = Record<string, unknown>;

/** What `withdraw` carries. */
export type Withdraw = Record<string, unknown>;

/** What `deposit` carries. */
export type Deposit = Record<string, unknown>;

/**
 * What the stream of that name carries; `unknown` for a name that the server's registry has not.
 *
 * @example
 * ```ts
 * type Candle = PayloadOf<"btcusd.kline-1m">;
 * ```
 */
export type PayloadOf<Name extends string> = Name extends `${string}.update` ? Update
  : Name extends `${string}.trades` ? Trades
  : Name extends `${string}.ob-snap` ? ObSnap
  : Name extends `${string}.ob-inc` ? ObInc
  : Name extends `${string}.depth-${DepthLevels}` ? Depth
  : Name extends `${string}.bbo` ? Bbo
  : Name extends `${string}.kline-${KlinePeriod}` ? Kline
  : Name extends "global.tickers" ? Tickers
  : Name extends "order" ? Order
  : Name extends "trade" ? Trade
  : Name extends "deposit_address" ? DepositAddress
  : Name extends "balances" ? Balances
  : Name extends "balance" ? Balance
  : Name extends "withdraw" ? Withdraw
  : Name extends "deposit" ? Deposit
  : unknown;

/** A kind of stream, as the server's registry has it. */
export interface StreamKind {
  /** With its parameters: `<id>.kline-<period>`. */
  readonly name: string;
  readonly scope: "public" | "private";
  /** The words that a parameter may be; one that is not listed is any word. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
}

/** The names of the private streams. */
export const PRIVATE_STREAMS: readonly string[] = [
  "order",
  "trade",
  "deposit_address",
  "balances",
  "balance",
  "withdraw",
  "deposit",
];

/** Every kind, for completion and help. */
export const STREAM_KINDS: readonly StreamKind[] = [
  { name: "<id>.update", scope: "public" },
  { name: "<id>.trades", scope: "public" },
  { name: "<id>.ob-snap", scope: "public" },
  { name: "<id>.ob-inc", scope: "public" },
  {
    name: "<id>.depth-<levels>",
    scope: "public",
    words: { levels: ["5", "10", "20", "50", "100"] },
  },
  { name: "<id>.bbo", scope: "public" },
  {
    name: "<id>.kline-<period>",
    scope: "public",
    words: { period: ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "3d", "1w"] },
  },
  { name: "global.tickers", scope: "public" },
  { name: "order", scope: "private" },
  { name: "trade", scope: "private" },
  { name: "deposit_address", scope: "private" },
  { name: "balances", scope: "private" },
  { name: "balance", scope: "private" },
  { name: "withdraw", scope: "private" },
  { name: "deposit", scope: "private" },
];

/** The streams whose names have no parameter. */
export type PlainName =
  | "global.tickers"
  | "order"
  | "trade"
  | "deposit_address"
  | "balances"
  | "balance"
  | "withdraw"
  | "deposit";
