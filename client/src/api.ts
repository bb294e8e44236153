import type { RangerError } from "./errors.ts";
import type { State } from "./state.ts";
import type { Decimal, PayloadOf, PlainName } from "./streams.ts";

/** The name of a stream: any text. Editors suggest the names that have no parameters. */
export type StreamName = PlainName | (string & Record<never, never>);

/** Undoes the call that returned it. Calling it twice is safe. */
export type Stop = () => void;

/** What happens to events when a loop reads more slowly than they arrive. */
export type Overflow =
  /** Only the latest event is kept: for states, such as tickers. */
  | "latest"
  /** When the buffer is full, the oldest event is dropped. */
  | "drop-oldest"
  /**
   * When the buffer is full, the loop ends with an error: for readers that must not miss an event.
   */
  | "error";

/** How a stream is read. */
export interface StreamOptions {
  /** What happens to events when the buffer is full. Default `error`. */
  readonly overflow?: Overflow | undefined;
  /** Maximum number of events waiting for the loop. Default 1,000; `latest` keeps one. */
  readonly buffer?: number | undefined;
  /**
   * Number of recent events to begin with, at most 1,000, if the server has them and this client
   * does not subscribe to the stream yet. Default 0.
   */
  readonly last?: number | undefined;
}

/** How a book reports its changes. */
export interface BookOptions {
  /**
   * `frame`: at most once per animation frame (60 times a second without a screen), for any
   * number of changes; hidden tabs draw no frames. `message`: once per message. Default `frame`.
   */
  readonly notify?: "frame" | "message" | undefined;
}

/** One price level of an order book. The strings keep every digit that the server sent. */
export interface Level {
  readonly price: Decimal;
  readonly amount: Decimal;
  /** The exact sum of all amounts from the best price to this one. */
  readonly total: Decimal;
}

/** Both sides of an order book, best price first. */
export interface Depth {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
}

/**
 * A lasting connection to a Ranger server: it reconnects after a loss, restores its subscriptions,
 * and renews its token.
 *
 * An error that a callback throws does not reach the client: the other callbacks are called, and
 * the error is reported as uncaught (`window.onerror` in pages, `uncaughtException` in Node).
 */
export interface Ranger {
  /** The connection's current state. */
  readonly state: State;

  /** The streams that this client subscribes to, also while disconnected. */
  readonly streams: readonly string[];

  /**
   * The position of the last event in the server's log, to be kept and passed as `resume` to
   * {@link ConnectOptions}; undefined without one, and while a stream is sent what it has missed.
   */
  readonly cursor: string | undefined;

  /**
   * Returns a stream as an async iterable. A loop over it subscribes when it begins and
   * unsubscribes when it ends. All loops end when the connection is closed.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …
   * @throws {RangerError} when the loop begins: `name`, `unauthenticated`, `option`, `closed`; in
   * the loop: `refused`, `too-many-streams`, `overflow`, and `token-refused` when no further token
   * is available
   *
   * @example
   * ```ts
   * import { connect } from "@ranger-ws/client";
   *
   * const ranger = connect("wss://example.com/public");
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
   * Calls back with each event of a stream. A refused subscription is reported to `onError`.
   *
   * Increments of an order book (`btcusd.ob-inc`) arrive as the exchange published them. An amount
   * that is empty (`""`, Peatio), null or zero in any notation (`"0"`, `"0.0"`) removes the level
   * at that price, if there is one. {@link Ranger.book} applies these rules.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …; a market's
   * bare name (`btcusd`) stands for all its public streams
   * @param listener receives the payload, and the name of the stream that it arrived on
   * @throws {RangerError} `name`, `unauthenticated`, `option`, `closed`
   *
   * @example
   * ```ts
   * import { connect } from "@ranger-ws/client";
   *
   * const ranger = connect("wss://example.com/public");
   * const stop = ranger.on("btcusd.kline-1m", ([time, , , , close]) => console.log(time, close));
   * ```
   */
  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
    options?: Pick<StreamOptions, "last">,
  ): Stop;

  /**
   * Returns a market's order book, kept up to date until it is closed. An error that ends it is
   * thrown by the loops over it, or reported to `onError` without a loop. A book that cannot
   * be read is reported to `onError` once, and requested again after waits that double, up to 30 s.
   *
   * @param market the market's id: `btcusd`
   * @throws {RangerError} `name`, `closed`
   *
   * @example
   * ```ts
   * import { connect } from "@ranger-ws/client";
   *
   * const ranger = connect("wss://example.com/public");
   * for await (const { bestBid, bestAsk } of ranger.book("btcusd")) {
   *   console.log(bestBid?.price, bestAsk?.price);
   * }
   * ```
   */
  book(market: string, options?: BookOptions): Book;

  /** Calls back after each change of {@link Ranger.state}. */
  onState(listener: (state: State) => void): Stop;

  /**
   * Calls back with each error that no call or loop throws. Without a listener, errors are logged.
   */
  onError(listener: (error: RangerError) => void): Stop;

  /**
   * Calls back with the streams of which events may have been lost, on the way to the server or on
   * the way here: fetch what they tell from elsewhere. Streams of books are not among them.
   */
  onLoss(listener: (streams: readonly string[]) => void): Stop;

  /** Calls back with the text of each message from the server, for inspection and debugging. */
  onMessage(listener: (text: string) => void): Stop;

  /**
   * Measures the round-trip time to the server.
   *
   * @returns milliseconds
   * @throws {RangerError} `not-connected`
   */
  ping(): Promise<number>;

  /**
   * Requests the token again now: call it after the user signs in or out. Private streams wait while
   * the token function returns nothing, and begin or continue when it returns a token.
   */
  renewToken(): void;

  /**
   * Connects now instead of after the wait, or checks the open connection with a ping and replaces
   * it if the server does not answer. Pages do this when they come to the front or the network
   * changes; elsewhere, as in React Native, call it when the app becomes active.
   */
  reconnect(): void;

  /**
   * Closes the connection, and ends all loops and books.
   *
   * @returns resolves when the server has acknowledged the close; awaiting it is optional
   */
  close(): Promise<void>;
}

/**
 * A market's order book, kept up to date from a snapshot and the increments that follow it. After a
 * reconnect or a lost message it keeps its last levels, with `live` false, until the server has
 * sent a new snapshot.
 *
 * It is also an async iterable that yields the book after each change, and skips changes while the
 * loop is busy. The loop ends when the book is closed; leaving the loop does not close the book.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 *
 * const ranger = connect("wss://example.com/public");
 * const book = ranger.book("btcusd");
 * book.onChange(() => {
 *   const { asks, bids } = book.depth(10);
 *   console.log(book.live, bids[0]?.price, asks[0]?.price, book.spread);
 * });
 * ```
 */
export interface Book extends AsyncIterable<Book> {
  readonly market: string;

  /**
   * Whether the book is current: false before the first snapshot, after a loss, and while the server
   * receives nothing from the exchange.
   */
  readonly live: boolean;

  /** The sequence number of the last event, if the exchange numbers them. */
  readonly sequence: number | undefined;

  /** The lowest ask. */
  readonly bestAsk: Level | undefined;

  /** The highest bid. */
  readonly bestBid: Level | undefined;

  /** The best ask minus the best bid, exactly. */
  readonly spread: Decimal | undefined;

  /**
   * Returns the best levels of both sides, with their cumulative amounts.
   *
   * @param count levels per side; all levels by default
   */
  depth(count?: number): Depth;

  /** Calls back when the levels or `live` have changed; see {@link BookOptions}. */
  onChange(listener: (book: Book) => void): Stop;

  /** Unsubscribes, and ends the loops over the book. Its last levels remain readable. */
  close(): void;
}
