import type { RangerError } from "./errors.ts";
import type { State } from "./state.ts";
import type { Decimal, PayloadOf, PlainName } from "./streams.ts";

/** Any name may be asked for; those without parameters are offered by editors. */
export type StreamName = PlainName | (string & Record<never, never>);

/** A function that ends what the call that gave it began; it may be called twice. */
export type Stop = () => void;

/** What becomes of events that their reader has no time for. */
export type Overflow =
  /** Only the latest one is kept: for states, such as tickers. */
  | "latest"
  /** The oldest ones go when the buffer is full. */
  | "drop-oldest"
  /** The loop ends with an error when the buffer is full: for readers that must not miss any. */
  | "error";

/** How a stream is read. */
export interface StreamOptions {
  /** What becomes of events that the loop has no time for. Default `error`. */
  readonly overflow?: Overflow | undefined;
  /** Events that wait for the loop at most. Default 1,000; `latest` keeps one. */
  readonly buffer?: number | undefined;
}

/** How a book tells of its changes. */
export interface BookOptions {
  /**
   * `frame`: at most once for each frame that is drawn (without a screen: 60 times a second),
   * however many changes came; in a tab that nobody sees, none is. `message`: at each message.
   * Default `frame`.
   */
  readonly notify?: "frame" | "message" | undefined;
}

/** One price of an order book; texts as the server sent them, every digit kept. */
export interface Level {
  readonly price: Decimal;
  readonly amount: Decimal;
  /** All amounts from the best price to this one, added up exactly. */
  readonly total: Decimal;
}

/** Both sides, best price first. */
export interface Depth {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
}

/**
 * A connection to a Ranger server that stays: it comes back after a loss, asks again for what was
 * held, and keeps itself authenticated.
 */
export interface Ranger {
  /** How the connection is now. */
  readonly state: State;

  /** The streams that are held, or wanted while there is no connection. */
  readonly streams: readonly string[];

  /**
   * A stream as an async iterable. It is subscribed when a loop begins, and let go of when the loop
   * ends; loops end when the connection is closed.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …
   * @throws {RangerError} `name`, `unauthenticated`, `option`, `closed` when the loop begins; in
   * the loop `refused`, `too-many-streams`, `overflow`, and `token-refused` where no other token
   * will come
   *
   * @example
   * ```ts
   * for await (const { trades } of ranger.stream("btcusd.trades")) {
   *   for (const { price, amount } of trades) console.log(price, amount);
   * }
   * ```
   */
  stream<Name extends StreamName>(
    name: Name,
    options?: StreamOptions,
  ): AsyncIterable<PayloadOf<Name>>;

  /**
   * Calls back with each event of a stream. `onError` gets the reason if it will not come.
   *
   * Increments of an order book (`btcusd.ob-inc`) come as the exchange published them. An amount
   * that is empty (`""`, Peatio), null or zero in any spelling (`"0"`, `"0.0"`) removes the level at
   * that price, whether it was there or not. {@link Ranger.book} has all of this done.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …; the bare name of
   * a market stands for all its public streams
   * @param listener gets what the stream carries, and the name that it came under
   * @throws {RangerError} `name`, `unauthenticated`, `closed`
   *
   * @example
   * ```ts
   * const stop = ranger.on("btcusd.kline-1m", ([time, open, high, low, close]) => draw(close));
   * ```
   */
  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
  ): Stop;

  /**
   * A market's order book, kept up to date until it is closed. What ends it otherwise is thrown by
   * the loops over it; where there is none, `onError` gets it. A book that cannot be read is
   * reported to `onError` once, and requested again after waits that double, up to 30 s.
   *
   * @param market `btcusd`
   * @throws {RangerError} `name`, `closed`
   *
   * @example
   * ```ts
   * for await (const { bestBid, bestAsk } of ranger.book("btcusd")) {
   *   console.log(bestBid?.price, bestAsk?.price);
   * }
   * ```
   */
  book(market: string, options?: BookOptions): Book;

  /** Calls back at each change of {@link Ranger.state}. */
  onState(listener: (state: State) => void): Stop;

  /** Calls back with what went wrong and no call or loop throws. Without any, it is logged. */
  onError(listener: (error: RangerError) => void): Stop;

  /** Calls back with each message of the server as it came, for inspectors and logs. */
  onMessage(listener: (text: string) => void): Stop;

  /**
   * Measures the way to the server and back.
   *
   * @returns milliseconds
   * @throws {RangerError} `not-connected`
   */
  ping(): Promise<number>;

  /** Asks for the token again now: after somebody signed in, or out. */
  renewToken(): void;

  /**
   * Ends the connection, all loops and all books.
   *
   * @returns when the server has answered; nobody needs to wait for it
   */
  close(): Promise<void>;
}

/**
 * A market's order book, kept up to date: built from a snapshot and the increments since. After a
 * reconnect, or when something was lost on the way, it shows what it had (`live` is false
 * meanwhile) until the server has sent the book again.
 *
 * It is also an async iterable of itself, once at each change; changes that the loop has no time
 * for are left out. The loop ends when the book is closed; leaving the loop does not close it.
 *
 * @example
 * ```ts
 * const book = ranger.book("btcusd");
 * book.onChange(() => {
 *   const { asks, bids } = book.depth(10);
 *   console.log(book.live, bids[0]?.price, asks[0]?.price, book.spread);
 * });
 * ```
 */
export interface Book extends AsyncIterable<Book> {
  readonly market: string;

  /** Whether the book is what the server has: false before the first snapshot and after a loss. */
  readonly live: boolean;

  /** The number of the last increment, where the exchange numbers them. */
  readonly sequence: number | undefined;

  /** The lowest price that somebody sells at. */
  readonly bestAsk: Level | undefined;

  /** The highest price that somebody buys at. */
  readonly bestBid: Level | undefined;

  /** The best ask less the best bid, exactly. */
  readonly spread: Decimal | undefined;

  /**
   * The best levels of both sides, with their cumulative amounts.
   *
   * @param count levels a side; all of them unless given
   */
  depth(count?: number): Depth;

  /** Calls back when the book has changed, also when `live` has; see {@link BookOptions}. */
  onChange(listener: (book: Book) => void): Stop;

  /** Lets go of the stream, and ends loops over the book; what it held can still be read. */
  close(): void;
}
