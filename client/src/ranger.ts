import { Book, type BookOptions } from "./book.ts";
import { Buffer, type StreamOptions } from "./buffer.ts";
import { RangerError } from "./errors.ts";
import { Line } from "./line.ts";
import type { AbortSignalLike, Settings } from "./options.ts";
import type { State } from "./state.ts";
import { type PayloadOf, type PlainName, STREAM_KINDS } from "./streams.ts";
import { isPrefixed, Subscriptions } from "./subscriptions.ts";
import { tell } from "./tell.ts";
import { Tokens } from "./tokens.ts";

/** Any name may be asked for; those without parameters are offered by editors. */
export type StreamName = PlainName | (string & Record<never, never>);

/** A function that ends what the call that gave it began; it may be called twice. */
export type Stop = () => void;

const privateNames = new Set(
  STREAM_KINDS.filter(({ scope }) => scope === "private").map(({ name }) => name),
);

/** What the server says other than events (protocol, sections 3 and 4). */
interface Answer {
  readonly success?: {
    readonly message?: string;
    readonly streams?: readonly string[];
  };
  readonly error?: { readonly message?: string };
}

/**
 * A connection to a Ranger server that stays: it comes back after a loss, asks again for what was
 * held, and keeps itself authenticated. Made by {@link connect}.
 */
export class Ranger {
  readonly #line: Line;
  readonly #tokens: Tokens;
  readonly #hasToken: boolean;
  readonly #subscriptions = new Subscriptions();
  /** Why private streams will not come. */
  #noToken: RangerError | undefined;
  readonly #books = new Set<Book>();
  /** What ends the loops over streams. */
  readonly #ends = new Set<() => void>();
  readonly #states = new Set<(state: State) => void>();
  readonly #errors = new Set<(error: RangerError) => void>();
  readonly #messages = new Set<(text: string) => void>();
  #state: State = { status: "connecting", attempt: 0 };
  #release: () => void = () => {};

  /** Use {@link connect}. */
  constructor(settings: Settings, signal: AbortSignalLike | undefined) {
    this.#hasToken = settings.token !== undefined;
    if (!this.#hasToken) {
      const message = "Private streams need a token: connect(url, { token: () => fetchToken() })";
      this.#noToken = new RangerError("unauthenticated", message);
    }
    this.#line = new Line(settings, {
      opened: () => this.#opened(),
      received: (text) => this.#received(text),
      lost: () => this.#lost(),
      gaveUp: ({ reason, code }) => this.#end(reason, code),
      state: (state) => this.#become(state),
    });
    this.#tokens = new Tokens(settings, {
      send: (message) => this.#line.open?.send(message),
      identified: (identity) => {
        this.#become({ status: "open", identity });
        if (!identity) return;
        this.#noToken = undefined;
        this.#subscriptions.identified();
      },
      failed: (error) => this.#report(error),
      hopeless: (error) => this.#hopeless(error),
      signedOut: () => this.#line.restart(),
    });
    if (signal?.aborted) {
      this.#state = { status: "closed", reason: "aborted", code: undefined };
      return;
    }
    const abort = () => void this.#end("aborted", undefined);
    const online = () => this.#line.hurry();
    const page: Partial<
      Pick<EventTarget, "addEventListener" | "removeEventListener">
    > = globalThis;
    signal?.addEventListener("abort", abort);
    page.addEventListener?.("online", online);
    this.#release = () => {
      signal?.removeEventListener("abort", abort);
      page.removeEventListener?.("online", online);
    };
    this.#line.connect();
  }

  /** How the connection is now. */
  get state(): State {
    return this.#state;
  }

  /** The streams that are held, or wanted while there is no connection. */
  get streams(): readonly string[] {
    return this.#subscriptions.names;
  }

  /**
   * A stream as an async iterable. It is subscribed when a loop begins, and let go of when the loop
   * ends; loops end when the connection is closed.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …
   * @throws {RangerError} `name`, `unauthenticated`, `closed` when the loop begins; in the loop
   * `refused`, `too-many-streams`, `overflow`, and `token-refused` where no other token will come
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
    options: StreamOptions = {},
  ): AsyncIterable<PayloadOf<Name>> {
    return {
      [Symbol.asyncIterator]: () => this.#read<PayloadOf<Name>>(name, options),
    };
  }

  /**
   * Calls back with each event of a stream. A stream that is refused is told to `onError`.
   *
   * @param name `btcusd.trades`, `btcusd.kline-1m`, `global.tickers`, `order`, …
   * @param listener gets what the stream carries, and the name that it came under
   * @returns a function that ends it
   * @throws {RangerError} `name`, `unauthenticated`, `closed`
   *
   * @example
   * ```ts
   * const stop = ranger.on("btcusd.kline-1m", ([time, open, high, low, close]) => draw(time, close));
   * ```
   */
  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
  ): Stop {
    // Of its own, so that one function may listen twice.
    const take = (payload: unknown, stream: string) => listener(payload as PayloadOf<Name>, stream);
    return this.#follow(name, take, (error) => this.#report(error));
  }

  /**
   * A market's order book, kept up to date until it is closed.
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
  book(market: string, options: BookOptions = {}): Book {
    this.#check(`${market}.ob-inc`);
    const book = new Book(
      market,
      options,
      this.#subscriptions,
      (book, error) => {
        this.#books.delete(book);
        if (error) this.#report(error);
      },
    );
    this.#books.add(book);
    return book;
  }

  /** Calls back at each change of {@link Ranger.state}. */
  onState(listener: (state: State) => void): Stop {
    this.#states.add(listener);
    return () => this.#states.delete(listener);
  }

  /** Calls back with what went wrong and no call or loop can throw. Without any, it is logged. */
  onError(listener: (error: RangerError) => void): Stop {
    this.#errors.add(listener);
    return () => this.#errors.delete(listener);
  }

  /** Calls back with each message of the server as it came, for those who look on. */
  onMessage(listener: (text: string) => void): Stop {
    this.#messages.add(listener);
    return () => this.#messages.delete(listener);
  }

  /**
   * Measures the way to the server and back.
   *
   * @returns milliseconds
   * @throws {RangerError} `not-connected`
   */
  async ping(): Promise<number> {
    const connection = this.#line.open;
    if (!connection) {
      throw new RangerError("not-connected", "There is no open connection now");
    }
    return await connection.ping();
  }

  /** Asks for the token again now: after somebody signed in, in, or out. */
  renewToken(): void {
    if (this.#line.open) void this.#tokens.renew();
  }

  /**
   * Ends the connection, all loops and all books.
   *
   * @returns when the server has answered; nobody needs to wait for it
   */
  close(): Promise<void> {
    return this.#end("closed by the client", undefined);
  }

  #read<T>(name: string, options: StreamOptions): Buffer<T> {
    let stop: Stop = () => {};
    const end = () => buffer.end();
    const buffer = new Buffer<T>(name, options, () => {
      stop();
      this.#ends.delete(end);
    });
    stop = this.#follow(
      name,
      (payload) => buffer.push(payload as T),
      (error) => buffer.end(error),
    );
    this.#ends.add(end);
    return buffer;
  }

  #follow(
    name: string,
    listener: (payload: unknown, stream: string) => void,
    failed: (error: RangerError) => void,
  ): Stop {
    this.#check(name);
    const unlisten = this.#subscriptions.listen(name, listener);
    const release = this.#subscriptions.hold(name, (error) => {
      unlisten();
      failed(error);
    });
    return () => {
      unlisten();
      release();
    };
  }

  #check(name: string): void {
    if (this.#state.status === "closed") {
      throw new RangerError(
        "closed",
        `The connection is closed (${this.#state.reason})`,
      );
    }
    // Longer ones do not fit into a message.
    if (!/^[^,\s]{1,500}$/.test(name)) {
      throw new RangerError(
        "name",
        `"${name}" is no stream's name. One looks like btcusd.trades`,
      );
    }
    if (this.#noToken && privateNames.has(name)) throw this.#noToken;
  }

  #opened(): void {
    this.#become({ status: "open", identity: undefined });
    this.#subscriptions.opened(
      (message) => this.#line.open?.send(message),
      this.#noToken !== undefined,
    );
    void this.#tokens.renew();
  }

  #received(text: string): void {
    tell(this.#messages, text);
    if (text === "pong") return;
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(text);
    } catch (cause) {
      const told = `The server sent no JSON: ${text.slice(0, 80)}`;
      return this.#report(new RangerError("protocol", told, undefined, cause));
    }
    for (const name in message) {
      if (name === "success" || name === "error") {
        this.#answered(message as Answer);
      } else this.#subscriptions.deliver(name, message[name]);
    }
  }

  #answered({ success, error }: Answer): void {
    if (success?.streams) return this.#subscriptions.answered(success.streams);
    const message = success?.message ?? error?.message ?? "";
    if (message === "Authenticated.") return this.#tokens.accepted();
    if (message === "Token expired.") return this.#tokens.expired();
    if (/^Authentication failed|^Token type/.test(message)) {
      return this.#tokens.refused(message);
    }
    const refused = /^cannot subscribe to (.*)$/s.exec(message)?.[1];
    if (refused !== undefined) {
      return this.#subscriptions.fail(refused, refusal(refused));
    }
    // Told for each stream, once the list that follows has come.
    if (message === "Too many streams.") return;
    this.#report(new RangerError("protocol", `The server says: ${message}`));
  }

  #lost(): void {
    this.#subscriptions.lost();
    this.#tokens.lost();
    for (const book of this.#books) book.lost();
  }

  #hopeless(error: RangerError): void {
    this.#noToken = error;
    // Those for certain roles are asked for all the same, so that the server's word decides.
    this.#subscriptions.identified();
    const names = this.#subscriptions.names.filter((name) => privateNames.has(name));
    for (const name of names) this.#subscriptions.fail(name, error);
    // That nobody is signed in matters to private streams alone.
    if (names.length === 0 && error.code !== "unauthenticated") {
      this.#report(error);
    }
  }

  #end(reason: string, code: number | undefined): Promise<void> {
    if (this.#state.status === "closed") return Promise.resolve();
    this.#release();
    this.#tokens.stop();
    this.#subscriptions.clear();
    for (const book of this.#books) book.end();
    for (const end of this.#ends) end();
    this.#become({ status: "closed", reason, code });
    for (
      const set of [this.#books, this.#states, this.#errors, this.#messages]
    ) set.clear();
    return this.#line.close();
  }

  #become(state: State): void {
    this.#state = state;
    tell(this.#states, state);
  }

  #report(error: RangerError): void {
    if (this.#errors.size === 0) console.error(`Ranger: ${error.message}`);
    tell(this.#errors, error);
  }
}

function refusal(name: string): RangerError {
  const why = isPrefixed(name)
    ? "it is for roles that your token does not have"
    : `it has ${STREAM_KINDS.map((kind) => kind.name).join(", ")}`;
  return new RangerError(
    "refused",
    `The server refused "${name}": ${why}`,
    name,
  );
}
