import type { Book, BookOptions, Ranger, Stop, StreamName, StreamOptions } from "./api.ts";
import { LiveBook } from "./book.ts";
import { AsyncQueue } from "./async_queue.ts";
import { checkOptions, notConnected, RangerError } from "./errors.ts";
import { Reconnector } from "./reconnector.ts";
import { parseMessage } from "./message.ts";
import type { AbortSignalLike, Settings } from "./options.ts";
import type { State } from "./state.ts";
import { type PayloadOf, STREAM_KINDS } from "./streams.ts";
import { isPrefixed, Subscriptions } from "./subscriptions.ts";
import { emit, subscribe } from "./listeners.ts";
import { Tokens } from "./tokens.ts";

function isPrivate(name: string): boolean {
  return STREAM_KINDS.some((kind) => kind.name === name && kind.scope === "private");
}

/** What pages have and other runtimes may lack. */
interface Page extends Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">> {
  readonly document?: { readonly visibilityState: string };
}

/** A message from the server that is not an event (protocol, sections 3 and 4). */
interface Answer {
  readonly success?: { readonly message?: string; readonly streams?: readonly string[] };
  readonly error?: { readonly message?: string };
}

/** Implements {@linkcode Ranger}. */
export class LiveRanger implements Ranger {
  readonly #reconnector: Reconnector;
  readonly #tokens: Tokens;
  readonly #hasToken: boolean;
  readonly #subscriptions = new Subscriptions();
  /** Why private streams are unavailable; `undefined` if they are available. */
  #privateError: RangerError | undefined;
  /** Books and loops over streams. */
  readonly #consumers = new Set<{ end(): void; lost?(): void }>();
  readonly #states = new Set<(state: State) => void>();
  readonly #errors = new Set<(error: RangerError) => void>();
  readonly #messages = new Set<(text: string) => void>();
  #state: State = { status: "connecting", attempt: 0 };
  #release: () => void = () => {};

  constructor(settings: Settings, signal: AbortSignalLike | undefined) {
    this.#hasToken = settings.token !== undefined;
    if (!this.#hasToken) {
      const message = "Private streams need a token: connect(url, { token: () => fetchToken() })";
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
        this.#setState({ status: "open", identity });
      },
      failed: this.#report,
      authFailed: this.#authFailed,
      signedOut: () => this.#reconnector.restart(),
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

  stream<Name extends StreamName>(
    name: Name,
    options: StreamOptions = {},
  ): AsyncIterable<PayloadOf<Name>> {
    checkOptions(options, ["overflow", "buffer"]);
    return { [Symbol.asyncIterator]: () => this.#iterate<PayloadOf<Name>>(name, options) };
  }

  on<Name extends StreamName>(
    name: Name,
    listener: (payload: PayloadOf<Name>, stream: string) => void,
  ): Stop {
    // A new function, so that the same listener can be added twice.
    const take = (payload: unknown, stream: string) => listener(payload as PayloadOf<Name>, stream);
    return this.#subscribe(name, take, this.#report);
  }

  book(market: string, options: BookOptions = {}): Book {
    this.#checkName(`${market}.ob-inc`);
    checkOptions(options, ["notify"]);
    const ended = () => this.#consumers.delete(book);
    const book = new LiveBook(market, options, this.#subscriptions, this.#report, ended);
    this.#consumers.add(book);
    return book;
  }

  onState(listener: (state: State) => void): Stop {
    return subscribe(this.#states, listener);
  }

  onError(listener: (error: RangerError) => void): Stop {
    return subscribe(this.#errors, listener);
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
    );
    this.#consumers.add(buffer);
    return buffer;
  }

  #subscribe(
    name: string,
    listener: (payload: unknown, stream: string) => void,
    failed: (error: RangerError) => void,
  ): Stop {
    this.#checkName(name);
    const unlisten = this.#subscriptions.listen(name, listener);
    const release = this.#subscriptions.subscribe(name, (error) => {
      unlisten();
      failed(error);
    });
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
    this.#setState({ status: "open", identity: undefined });
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
      const message = `The server sent a message that is not JSON: ${text.slice(0, 80)}`;
      return this.#report(new RangerError("protocol", message));
    }
    for (const name in parsed) {
      if (name === "success" || name === "error") this.#answered(parsed as Answer);
      else this.#subscriptions.deliver(name, parsed[name]);
    }
  };

  #answered({ success, error }: Answer): void {
    if (success?.streams) return this.#subscriptions.answered(success.streams);
    const message = success?.message ?? error?.message ?? "";
    if (message === "Authenticated.") return this.#tokens.accepted();
    if (message === "Token expired.") return this.#tokens.expired();
    if (/^Authentication failed|^Token type/.test(message)) return this.#tokens.refused(message);
    const refused = /^cannot subscribe to (.*)$/s.exec(message)?.[1];
    if (refused !== undefined) return this.#subscriptions.fail(refused, refusal(refused));
    // Reported per stream when the list that follows arrives.
    if (message === "Too many streams.") return;
    this.#report(new RangerError("protocol", `The server answered: ${message}`));
  }

  readonly #lost = (state: State): void => {
    this.#subscriptions.lost();
    this.#tokens.lost();
    for (const user of this.#consumers) user.lost?.();
    if (state.status === "closed") void this.#end(state.reason, state.code);
    else this.#setState(state);
  };

  readonly #authFailed = (error: RangerError): void => {
    this.#privateError = error;
    // Role streams are requested anyway, so that the server decides.
    this.#subscriptions.identified();
    const names = this.#subscriptions.names.filter(isPrivate);
    for (const name of names) this.#subscriptions.fail(name, error);
    // A missing token only concerns private streams.
    if (names.length === 0 && error.code !== "unauthenticated") this.#report(error);
  };

  async #end(reason: string, code?: number, cause?: unknown): Promise<void> {
    if (this.#state.status === "closed") return;
    this.#release();
    this.#tokens.lost();
    this.#subscriptions.clear();
    for (const user of this.#consumers) user.end();
    this.#setState({ status: "closed", reason, code, ...(cause === undefined ? {} : { cause }) });
    for (const set of [this.#states, this.#errors, this.#messages]) set.clear();
    await this.#reconnector.close();
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
  const reason = isPrefixed(name)
    ? "your token's role may not read it"
    : `it has ${STREAM_KINDS.map((kind) => kind.name).join(", ")}`;
  return new RangerError("refused", `The server refused "${name}": ${reason}`, name);
}
