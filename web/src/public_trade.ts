import { shown, textOf, timeOf } from "./numbers.ts";

/** A public trade, in the formats of all Peatio generations. */
export interface PublicTrade {
  /** Empty if the exchange gives none. */
  readonly id: string;
  readonly price: string;
  readonly amount: string;
  readonly side: string;
  /** Milliseconds since the epoch; NaN if unknown. */
  readonly time: number;
}

/** Reads a payload of `<market>.trades`; unreadable trades are skipped. */
export function tradesOf(payload: unknown): PublicTrade[] {
  const { trades } = (payload ?? {}) as { trades?: unknown };
  if (!Array.isArray(trades)) return [];
  return trades.filter((trade) => trade !== null && typeof trade === "object").map((trade) => ({
    id: textOf(trade.tid ?? trade.id ?? ""),
    price: shown(trade.price),
    amount: shown(trade.amount),
    side: textOf(trade.taker_type ?? trade.type ?? ""),
    time: timeOf(trade.date ?? trade.created_at ?? trade.at),
  }));
}
