import type { Book, BookOptions, Ranger, Stop, StreamName, StreamOptions } from "./api.ts";
import { LiveBook } from "./book.ts";
import { Buffer } from "./buffer.ts";
import { notConnected, RangerError } from "./errors.ts";
import { Line } from "./line.ts";
import type { AbortSignalLike, Settings } from "./options.ts";
import type { State } from "./state.ts";
import { type PayloadOf, STREAM_KINDS } from "./streams.ts";
import { isPrefixed, Subscriptions } from "./subscriptions.ts";
import { enter, tell } from "./listeners.ts";
import { Tokens } from "./tokens.ts";

const privateNames = new Set(
  STREAM_KINDS.filter(({ scope }) => scope === "private").map(({ name }) => name),
);

/** What the server says other than events (protocol, sections 3 and 4). */
interface Answer {
  readonly success?: { readonly message?: string; readonly streams?: readonly string[] };
  readonly error?: { readonly message?: string };
}

/** What {@linkcode Ranger} promises. */
export class LiveRanger implements Ranger {
  readonly #line: Line;
  readonly #tokens: Tokens;
  readonly #hasToken: boolean;
  readonly #subscriptions = new Subscriptions();
  /** Why private streams will not come. */
  #noToken: RangerError | undefined;
  readonly #books = new Set<LiveBook>();
  /** What ends the loops over streams. */
  readonly #ends = new Set<() => void>();
  readonly #states = new Set<(state: State) => void>();
  readonly #errors = new Set<(error: RangerError) => void>();
  readonly #messages = new Set<(text: string) => void>();
  #state: State = { status: "connecting", attempt: 0 };
  #release: () => void = () => {};

  constructor(settings: Settings, signal: AbortSignalLike | undefined) {
    this.#hasToken = settings.token !== undefined;
    if (!this.#hasToken) {
      const message = "Private streams need a token: connect(url, { token: () => fetchToken() })";
      this.#noToken = new RangerError("unauthenticated", message);
    }
    this.#line = new Line(settings, {
      opened: () => this.#opened(),
      received: (text) => this.#received(text),
      state: (state) => this.#lost(state),
    });
    this.#tokens = new Tokens(settings, {
      send: (message) => this.#line.open?.send(message),
      identified: (identity) => {
        // First, so that who is told of the state may follow private streams at once.
        if (identity) this.#noToken = undefined;
        this.#become({ status: "open", identity });
        if (identity) this.#subscriptions.identified();
      },
      failed: (error) => this.#report(error),
      hopeless: (error) => this.#hopeless(error),
      signedOut: () => this.#line.restart(),
    });
    if (signal?.aborted) {
      this.#state = { status: "closed", reason: "aborted", code: undefined };
      return;
    }
    const abort = () => void this.#end("aborted");
    const online = () => this.#line.hurry();
    const page: Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">> = globalThis;
    signal?.addEventListener("abort", abort);
    page.addEventListener?.("online", online);
    this.#release = () => {
      signal?.removeEventListener("abort", abort);
      page.removeEventListener?.("online", online);
    };
    this.#line.connect();
  }

  get state(): State {
    return this.#state;
  }

  get streams(): readonly string[] {
    return this.#subscriptions.names;
  }

  stream<Name extends StreamName>(
    name: Name,
    options: StreamOptions = {},
  ): AsyncIterable<PayloadOf<Name>> {
    return { [Symbol.asyncIterator]: () => this.#read<PayloadOf<Name>>(name, options) };
  }

  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
  ): Stop {
    // Of its own, so that one function may listen twice.
    const take = (payload: unknown, stream: string) => listener(payload as PayloadOf<Name>, stream);
    return this.#follow(name, take, (error) => this.#report(error));
  }

  book(market: string, options: BookOptions = {}): Book {
    this.#check(`${market}.ob-inc`);
    const book = new LiveBook(market, options, this.#subscriptions, (error) => {
      this.#books.delete(book);
      if (error) this.#report(error);
    });
    this.#books.add(book);
    return book;
  }

  onState(listener: (state: State) => void): Stop {
    return enter(this.#states, listener);
  }

  onError(listener: (error: RangerError) => void): Stop {
    return enter(this.#errors, listener);
  }

  onMessage(listener: (text: string) => void): Stop {
    return enter(this.#messages, listener);
  }

  async ping(): Promise<number> {
    if (!this.#line.open) throw notConnected();
    return await this.#line.open.ping();
  }

  renewToken(): void {
    if (this.#line.open) void this.#tokens.renew();
  }

  close(): Promise<void> {
    return this.#end("closed by the client");
  }

  #read<T>(name: string, options: StreamOptions): Buffer<T> {
    let stop: Stop = () => {};
    const end = () => buffer.end();
    const buffer = new Buffer<T>(name, options, () => {
      stop();
      this.#ends.delete(end);
    });
    stop = this.#follow(name, (payload) => buffer.push(payload as T), (error) => buffer.end(error));
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
      throw new RangerError("closed", `The connection is closed (${this.#state.reason})`);
    }
    // Longer ones do not fit into a message.
    if (!/^[^,\s]{1,500}$/.test(name)) {
      throw new RangerError("name", `"${name}" is no stream's name. One looks like btcusd.trades`);
    }
    if (this.#noToken && privateNames.has(name)) throw this.#noToken;
  }

  #opened(): void {
    this.#become({ status: "open", identity: undefined });
    this.#subscriptions.opened((message) => this.#line.open?.send(message), !this.#hasToken);
    if (!this.#hasToken) return;
    this.#noToken = undefined;
    void this.#tokens.renew();
  }

  #received(text: string): void {
    tell(this.#messages, text);
    if (text === "pong") return;
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(text);
    } catch {
      const told = `The server sent no JSON: ${text.slice(0, 80)}`;
      return this.#report(new RangerError("protocol", told));
    }
    for (const name in message) {
      if (name === "success" || name === "error") this.#answered(message as Answer);
      else this.#subscriptions.deliver(name, message[name]);
    }
  }

  #answered({ success, error }: Answer): void {
    if (success?.streams) return this.#subscriptions.answered(success.streams);
    const message = success?.message ?? error?.message ?? "";
    if (message === "Authenticated.") return this.#tokens.accepted();
    if (message === "Token expired.") return this.#tokens.expired();
    if (/^Authentication failed|^Token type/.test(message)) return this.#tokens.refused(message);
    const refused = /^cannot subscribe to (.*)$/s.exec(message)?.[1];
    if (refused !== undefined) return this.#subscriptions.fail(refused, refusal(refused));
    // Told for each stream, once the list that follows has come.
    if (message === "Too many streams.") return;
    this.#report(new RangerError("protocol", `The server says: ${message}`));
  }

  #lost(state: State): void {
    this.#subscriptions.lost();
    this.#tokens.lost();
    for (const book of this.#books) book.lost();
    if (state.status === "closed") void this.#end(state.reason, state.code);
    else this.#become(state);
  }

  #hopeless(error: RangerError): void {
    this.#noToken = error;
    // Those for certain roles are asked for all the same, so that the server's word decides.
    this.#subscriptions.identified();
    const names = this.#subscriptions.names.filter((name) => privateNames.has(name));
    for (const name of names) this.#subscriptions.fail(name, error);
    // That nobody is signed in matters to private streams alone.
    if (names.length === 0 && error.code !== "unauthenticated") this.#report(error);
  }

  #end(reason: string, code?: number): Promise<void> {
    if (this.#state.status === "closed") return Promise.resolve();
    this.#release();
    this.#tokens.lost();
    this.#subscriptions.clear();
    for (const book of this.#books) book.end();
    for (const end of this.#ends) end();
    this.#become({ status: "closed", reason, code });
    for (const set of [this.#states, this.#errors, this.#messages]) set.clear();
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
    ? "it is for other roles than your token's"
    : `it has ${STREAM_KINDS.map((kind) => kind.name).join(", ")}`;
  return new RangerError("refused", `The server refused "${name}": ${why}`, name);
}
