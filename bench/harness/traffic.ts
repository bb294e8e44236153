/** What an exchange publishes, and who has it: the load of a scenario, without its rate. */
export interface Traffic {
  readonly connections: number;
  readonly lines: readonly Line[];
  /**
   * The streams that connections hold: the first connection the first list, and so on, from the
   * beginning again.
   */
  readonly holdings: readonly (readonly string[])[];
  /** Deliveries that one event makes, on the average. */
  readonly fanOut: number;
  /** Levels a side of the order books. */
  readonly depth: number;
  /** Whose the connections are, where they are somebody's. */
  readonly users?: Users;
}

/** A share of the events. */
export interface Line {
  readonly kind: "trades" | "ob_inc" | "kline" | "tickers" | "order" | "trade";
  /** Of one event; 0: as it comes. */
  readonly bytes: number;
  /** Its share among the lines' weights. */
  readonly weight: number;
  /** Keys that take turns; `%d` in the key is the number of the key, from 0 on. */
  readonly count: number;
  readonly key: string;
}

/** Connection `i` belongs to the user whose uid is `U` and `i * every`. */
export interface Users {
  readonly every: number;
  /** One token a line, in the order of the connections. */
  readonly tokens: string;
}

/** One stream that all have. */
export function oneStream(connections: number, bytes: number): Traffic {
  return {
    connections,
    lines: [{ kind: "trades", bytes, weight: 1, count: 1, key: "public.usdbtc.trades" }],
    holdings: [["usdbtc.trades"]],
    fanOut: connections,
    depth: 1,
  };
}

const MARKETS = 20;

/** What a client of one market's page holds. */
export const MARKET_HOLDINGS: readonly (readonly string[])[] = Array.from(
  { length: MARKETS },
  (_, i) => [`m${i}.ob-inc`, `m${i}.trades`, `m${i}.kline-1m`, "global.tickers"],
);

/**
 * Twenty markets: of a thousand events 700 are changes of order books, 200 trades, 99 klines and
 * one is the tickers of all markets, which everybody gets, so that it makes one delivery in fifty.
 */
export function twentyMarkets(connections: number): Traffic {
  const line = (kind: Line["kind"], bytes: number, weight: number, event: string): Line => ({
    kind,
    bytes,
    weight,
    count: MARKETS,
    key: `public.m%d.${event}`,
  });
  const tickers = { kind: "tickers", bytes: 6_000, weight: 1, count: 1 } as const;
  return {
    connections,
    lines: [
      line("ob_inc", 0, 700, "ob-inc"),
      line("trades", 180, 200, "trades"),
      line("kline", 0, 99, "kline-1m"),
      { ...tickers, key: "public.global.tickers" },
    ],
    holdings: MARKET_HOLDINGS,
    fanOut: 0.999 * connections / MARKETS + 0.001 * connections,
    depth: 100,
  };
}

/**
 * Orders and trades of `published` users in turn, of whom every `published / connections`-th is
 * connected.
 *
 * @param tokens of the connected users
 */
export function usersOwn(connections: number, published: number, tokens: string): Traffic {
  const line = { weight: 1, count: published } as const;
  return {
    connections,
    lines: [
      { ...line, kind: "order", bytes: 330, key: "private.U%d.order" },
      { ...line, kind: "trade", bytes: 220, key: "private.U%d.trade" },
    ],
    holdings: [["order", "trade"]],
    fanOut: connections / published,
    depth: 1,
    users: { every: published / connections, tokens },
  };
}

/** What a publisher says of a line: how many of its events it sent. */
export interface LineSent {
  readonly key: string;
  readonly count: number;
  readonly sent: number;
}

/**
 * The last number of each stream, as `last` lines for the load generator.
 *
 * @param nameOf the stream's name for a client, by routing key
 * @param from the number of each stream's first event
 */
export function lastNumbers(
  { users, connections }: Traffic,
  nameOf: (key: string) => string,
  from: number,
  sent: readonly LineSent[],
): string {
  const out: string[] = [];
  for (const { key, count, sent: total } of sent) {
    const last = (k: number) => from - 1 + Math.floor(total / count) + (k < total % count ? 1 : 0);
    if (users) {
      const name = key.split(".").at(-1)!;
      for (let i = 0; i < connections; i++) {
        out.push(`last ${name} ${last(i * users.every)} ${i}\n`);
      }
    } else {
      for (let k = 0; k < count; k++) {
        out.push(`last ${nameOf(key.replace("%d", `${k}`))} ${last(k)}\n`);
      }
    }
  }
  return out.join("");
}
