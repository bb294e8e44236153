import type { Book, BookOptions, Ranger, Stop, StreamName, StreamOptions } from "./api.ts";
import { LiveBook } from "./book.ts";
import { AsyncQueue } from "./async_queue.ts";
import { checkOptions, invalidOption, notConnected, RangerError } from "./errors.ts";
import { Reconnector } from "./reconnector.ts";
import { parseMessage } from "./message.ts";
import type { AbortSignalLike, Settings } from "./options.ts";
import type { Identity, State } from "./state.ts";
import { type PayloadOf, PRIVATE_STREAMS } from "./streams.ts";
import { Subscriptions } from "./subscriptions.ts";
import { emit, subscribe } from "./listeners.ts";
import { Tokens } from "./tokens.ts";

function isPrivate(name: string): boolean {
  return PRIVATE_STREAMS.includes(name);
}

/** What pages have and other runtimes may lack. */
interface Page extends Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">> {
  readonly document?: { readonly visibilityState: string };
}

/** A message from the server that is not an event (protocol, sections 3, 4 and 9). */
interface Answer {
  readonly message?: string;
  readonly streams?: readonly string[];
}

/** Implements {@linkcode Ranger}. */
export class LiveRanger implements Ranger {
  readonly #reconnector: Reconnector;
  readonly #tokens: Tokens;
  readonly #hasToken: boolean;
  readonly #subscriptions: Subscriptions;
  readonly #verifyBook: Settings["verifyBook"];
  /** Why private streams are unavailable; `undefined` if they are available. */
  #privateError: RangerError | undefined;
  /** Books and loops over streams. */
  readonly #consumers = new Set<
    { end(): void; lost?(streams?: readonly string[]): void }
  >();
  readonly #states = new Set<(state: State) => void>();
  readonly #errors = new Set<(error: RangerError) => void>();
  readonly #messages = new Set<(text: string) => void>();
  readonly #losses = new Set<(streams: readonly string[]) => void>();
  #state: State = { status: "connecting", attempt: 0 };
  #release: () => void = () => {};

  constructor(settings: Settings, signal: AbortSignalLike | undefined) {
    this.#hasToken = !!settings.token;
    this.#subscriptions = new Subscriptions(settings.resume);
    this.#verifyBook = settings.verifyBook;
    if (!this.#hasToken) {
      const message = "Private streams need a token: pass { token: () => … }";
      this.#privateError = new RangerError("unauthenticated", message);
    }
    this.#reconnector = new Reconnector(settings, {
      opened: this.#opened,
      received: this.#received,
      state: this.#lost,
    });
    this.#tokens = new Tokens(settings, {
      send: (message) => this.#reconnector.open?.send(message),
      identified: (identity) => {
        // First, so that state listeners can subscribe to private streams.
        if (identity) {
          this.#privateError = undefined;
          this.#subscriptions.identified();
        }
        this.#setOpen(identity);
      },
      failed: this.#report,
      authFailed: this.#authFailed,
      signedOut: (identified) => {
        if (identified) this.#reconnector.restart();
        // Role streams are requested anyway, so that the server decides; private ones wait.
        else this.#subscriptions.identified();
      },
    });
    const abort = () => void this.#end("aborted", undefined, signal?.reason);
    if (signal?.aborted) {
      abort();
      return;
    }
    // First, so that no listener is left behind if it throws.
    this.#reconnector.connect();
    const wake = () => {
      if (page.document?.visibilityState !== "hidden") this.reconnect();
    };
    const page: Page = globalThis as Page;
    const listen = (verb: "add" | "remove") => {
      signal?.[`${verb}EventListener`]("abort", abort);
      for (const event of ["online", "offline", "visibilitychange", "pageshow"]) {
        page[`${verb}EventListener`]?.(event, wake);
      }
    };
    listen("add");
    this.#release = () => listen("remove");
  }

  get state(): State {
    return this.#state;
  }

  get streams(): readonly string[] {
    return this.#subscriptions.names;
  }

  get cursor(): string | undefined {
    return this.#subscriptions.positions.cursor;
  }

  stream<Name extends StreamName>(
    name: Name,
    options: StreamOptions = {},
  ): AsyncIterable<PayloadOf<Name>> {
    checkOptions(options, ["overflow", "buffer", "last"]);
    return { [Symbol.asyncIterator]: () => this.#iterate<PayloadOf<Name>>(name, options) };
  }

  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
    options: Pick<StreamOptions, "last"> = {},
  ): Stop {
    checkOptions(options, ["last"]);
    // A new function, so that the same listener can be added twice.
    const take = (payload: unknown, stream: string) => listener(payload as PayloadOf<Name>, stream);
    return this.#subscribe(name, take, this.#report, options);
  }

  book(market: string, options: BookOptions = {}): Book {
    this.#checkName(`${market}.ob-inc`);
    checkOptions(options, ["notify"]);
    const ended = () => this.#consumers.delete(book);
    const book = new LiveBook(
      market,
      options,
      this.#subscriptions,
      this.#report,
      ended,
      this.#verifyBook,
    );
    this.#consumers.add(book);
    return book;
  }

  onState(listener: (state: State) => void): Stop {
    return subscribe(this.#states, listener);
  }

  onError(listener: (error: RangerError) => void): Stop {
    return subscribe(this.#errors, listener);
  }

  onLoss(listener: (streams: readonly string[]) => void): Stop {
    return subscribe(this.#losses, listener);
  }

  onMessage(listener: (text: string) => void): Stop {
    return subscribe(this.#messages, listener);
  }

  async ping(): Promise<number> {
    if (!this.#reconnector.open) throw notConnected();
    return await this.#reconnector.open.ping();
  }

  renewToken(): void {
    if (this.#reconnector.open) void this.#tokens.renew();
  }

  reconnect(): void {
    this.#reconnector.reconnect();
  }

  close(): Promise<void> {
    return this.#end("closed by the client");
  }

  #iterate<T>(name: string, options: StreamOptions): AsyncQueue<T> {
    let stop: Stop = () => {};
    const buffer = new AsyncQueue<T>(name, options, () => {
      stop();
      this.#consumers.delete(buffer);
    });
    stop = this.#subscribe(
      name,
      (payload) => buffer.push(payload as T),
      (error) => buffer.end(error),
      options,
    );
    this.#consumers.add(buffer);
    return buffer;
  }

  #subscribe(
    name: string,
    listener: (payload: unknown, stream: string) => void,
    failed: (error: RangerError) => void,
    { last = 0 }: StreamOptions,
  ): Stop {
    this.#checkName(name);
    if (!(last >= 0 && last <= 1000)) invalidOption("last", "0 to 1000", last);
    const unlisten = this.#subscriptions.listen(name, listener);
    const release = this.#subscriptions.subscribe(name, (error) => {
      unlisten();
      failed(error);
    }, last);
    return () => {
      unlisten();
      release();
    };
  }

  #checkName(name: string): void {
    if (this.#state.status === "closed") {
      const { reason, cause } = this.#state;
      throw new RangerError("closed", `The connection is closed (${reason})`, undefined, cause);
    }
    // Longer names do not fit into a message.
    if (!/^[^,\s]{1,500}$/.test(name)) {
      throw new RangerError("name", `Invalid stream name "${name}"; a valid one is btcusd.trades`);
    }
    if (this.#privateError && isPrivate(name)) throw this.#privateError;
  }

  readonly #opened = (): void => {
    this.#setOpen();
    // A listener may have closed it.
    if (!this.#reconnector.open) return;
    this.#subscriptions.opened((message) => this.#reconnector.open?.send(message), !this.#hasToken);
    if (!this.#hasToken) return;
    this.#privateError = undefined;
    void this.#tokens.renew();
  };

  readonly #received = (text: string): void => {
    emit(this.#messages, text);
    if (text === "pong" || !this.#reconnector.open) return;
    let parsed: Record<string, unknown>;
    try {
      parsed = parseMessage(text);
    } catch {
      const message = `The server sent what is not JSON: ${text.slice(0, 80)}`;
      return this.#report(new RangerError("protocol", message));
    }
    const { cursor, ...events } = parsed;
    for (const name in events) {
      const payload = events[name];
      if (/^(success|error|status)$/.test(name)) this.#answered(payload ?? {}, name);
      this.#subscriptions.deliver(name, payload, cursor);
    }
  };

  #answered({ message = "", streams }: Answer, kind: string): void {
    const { positions } = this.#subscriptions;
    const [, source] = /^source (up|down)/.exec(message) ?? [];
    if (source) {
      this.#subscriptions.source = source as "up" | "down";
      this.#setOpen((this.#state as State & { status: "open" }).identity);
      return this.#lose([]);
    }
    if (streams) {
      if (/^(resumed|Cannot)/.test(message)) positions.caughtUp(streams);
      if (/^(events may|Cannot)/.test(message)) return emit(this.#losses, streams);
      if (message === "stale") return this.#lose(streams);
      if (message !== "resumed") this.#subscriptions.answered(streams);
      return;
    }
    if (message === "Authenticated.") return this.#tokens.accepted();
    if (message === "Token expired.") {
      this.#subscriptions.expired(isPrivate);
      return this.#tokens.expired();
    }
    if (/^Authentication failed|^Token type/.test(message)) return this.#tokens.refused(message);
    const refused = /^cannot subscribe to (.*)$/s.exec(message)?.[1];
    if (refused !== undefined) return this.#subscriptions.fail(refused, refusal(refused));
    // Reported per stream when the list that follows arrives.
    if (message === "Too many streams." || kind === "status") return;
    this.#report(new RangerError("protocol", `The server answered: ${message}`));
  }

  readonly #lost = (state: State): void => {
    this.#subscriptions.lost();
    this.#tokens.lost();
    this.#lose();
    if (state.status === "closed") void this.#end(state.reason, state.code);
    else this.#setState(state);
  };

  readonly #authFailed = (error: RangerError): void => {
    this.#privateError = error;
    this.#subscriptions.identified();
    const names = this.#subscriptions.names.filter(isPrivate);
    for (const name of names) this.#subscriptions.fail(name, error);
    if (!names[0]) this.#report(error);
  };

  async #end(reason: string, code?: number, cause?: unknown): Promise<void> {
    if (this.#state.status === "closed") return;
    this.#release();
    this.#tokens.lost();
    this.#subscriptions.clear();
    for (const user of this.#consumers) user.end();
    this.#setState({ status: "closed", reason, code, ...(cause === undefined ? {} : { cause }) });
    for (const set of [this.#states, this.#errors, this.#messages, this.#losses]) set.clear();
    await this.#reconnector.close();
  }

  /** Books look whether they are live. @param streams those that are not; all by default */
  #lose(streams?: readonly string[]): void {
    for (const user of this.#consumers) user.lost?.(streams);
  }

  #setOpen(identity?: Identity): void {
    this.#setState({ status: "open", identity, source: this.#subscriptions.source });
  }

  #setState(state: State): void {
    // A listener that closed the client gets no further events.
    if (this.#state.status === "closed") return;
    this.#state = state;
    emit(this.#states, state);
  }

  readonly #report = (error: RangerError): void => {
    if (this.#state.status === "closed") return;
    if (this.#errors.size === 0) console.error(`Ranger: ${error.message}`);
    emit(this.#errors, error);
  };
}

function refusal(name: string): RangerError {
  const message =
    `The server refused "${name}": it has no such stream, or your role may not read it`;
  return new RangerError("refused", message, name);
}
