/**
 * What the client knows, as stores: values for the screen, for any framework. Each store subscribes
 * with its first listener and unsubscribes after its last one.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * import { bookStore } from "@ranger-ws/client/store";
 *
 * const ranger = connect("wss://example.com/public");
 * const stop = bookStore(ranger, "btcusd", 5).subscribe(({ live, bids, asks }) => {
 *   console.log(live, bids[0]?.price, asks[0]?.price);
 * });
 * ```
 *
 * @module
 */
import type { Book, Depth, Level, Ranger, Stop, StreamName } from "./api.ts";
import { onNextFrame } from "./book.ts";
import type { RangerError } from "./errors.ts";
import { emit } from "./listeners.ts";
import type { State } from "./state.ts";
import type { Decimal, PayloadOf } from "./streams.ts";

/**
 * A value that changes. It fits React's `useSyncExternalStore`, and is a store as Svelte defines
 * it: `$book` in a component reads it.
 */
export interface Store<T> {
  /** The value: the same object until it changes. It is kept current while there are listeners. */
  get(): T;
  /** Calls back with the value, immediately and after each change. */
  subscribe(listener: (value: T) => void): Stop;
}

/** The best levels of an order book at one moment. */
export interface BookView extends Depth {
  /** Whether the book is current: false before the first snapshot and after a loss. */
  readonly live: boolean;
  /** The best ask minus the best bid, exactly. */
  readonly spread: Decimal | undefined;
}

/** How the events of a stream are kept. */
export interface KeepOptions {
  /** Maximum number of events to keep; up to 1,000 recent ones are requested at the start. */
  readonly keep: number;
}

/** Maximum number of recent events that a server is asked for. */
const MAX_LAST = 1000;

/** A book before its first snapshot. */
export const EMPTY_BOOK: BookView = { live: false, asks: [], bids: [], spread: undefined };

/**
 * A market's best levels. All stores of a market share one {@linkcode Book}.
 *
 * The value changes at most once per animation frame, and only if one of its levels, the spread or
 * `live` has changed. Levels that are the same stay the same objects.
 *
 * @param depth maximum number of levels per side
 * @throws {RangerError} `name`, at the first `subscribe`
 */
export function bookStore(ranger: Ranger, market: string, depth = 10): Store<BookView> {
  return createStore(EMPTY_BOOK, (store) => {
    if (ranger.state.status === "closed") return () => {};
    const shared = acquireBook(ranger, market);
    const refresh = () => store.set(bookView(shared.book, depth, store.value));
    refresh();
    const stops = [shared.book.onChange(refresh), ranger.onState(refresh)];
    return () => {
      for (const stop of stops) stop();
      shared.release();
      store.value = { ...store.value, live: false };
    };
  });
}

/**
 * A stream's latest event; `undefined` before the first one. With `{ keep }`, the latest events,
 * oldest first; it begins with those that the server has, if the client does not subscribe to the
 * stream yet.
 *
 * The value changes at most once per animation frame, for any number of events. A stream that was
 * refused is subscribed to again when the user has signed in.
 *
 * @throws {RangerError} `name`, at the first `subscribe`
 */
export function streamStore<Name extends StreamName>(
  ranger: Ranger,
  name: Name,
): Store<PayloadOf<Name> | undefined>;
export function streamStore<Name extends StreamName>(
  ranger: Ranger,
  name: Name,
  options: KeepOptions | undefined,
): Store<readonly PayloadOf<Name>[]>;
export function streamStore(ranger: Ranger, name: string, options?: KeepOptions): Store<unknown> {
  const recent: unknown[] = [];
  const last = Math.min(options?.keep ?? 0, MAX_LAST);
  const forget = () => void (recent.length = 0);
  let forgetting: ReturnType<typeof setTimeout> | undefined;
  return createStore<unknown>(options && [], (store) => {
    if (ranger.state.status === "closed") return () => {};
    clearTimeout(forgetting);
    // The server sends them again, as after each new subscription.
    if (ranger.state.status !== "open") forget();
    let cancel: Stop | undefined;
    const take = (payload: unknown) => {
      recent.push(payload);
      if (recent.length > (options?.keep ?? 1)) recent.shift();
      cancel ??= onNextFrame(() => {
        cancel = undefined;
        store.set(options ? [...recent] : recent[0]);
      });
    };
    let stop: Stop | undefined;
    const listen = () => {
      stop?.();
      stop = undefined;
      try {
        stop = ranger.on(name, take, { last });
      } catch (error) {
        if ((error as RangerError).code !== "unauthenticated") throw error;
      }
    };
    listen();
    const unlisten = ranger.onState((state) => {
      // The stream was refused, for want of a token or of a role: the token is another one now.
      const hasFailed = !ranger.streams.includes(name);
      if (!hasFailed || state.status !== "open" || !state.identity) return;
      forget();
      listen();
    });
    return () => {
      unlisten();
      stop?.();
      cancel?.();
      // A listener that comes back in the same turn finds the subscription as it was.
      forgetting = setTimeout(forget);
    };
  });
}

/** The state of the connection; the value is {@linkcode Ranger.state}, with or without listeners. */
export function stateStore(ranger: Ranger): Store<State> {
  const store = createStore(ranger.state, ({ set }) => ranger.onState(set));
  return { get: () => ranger.state, subscribe: store.subscribe };
}

/** A store's inside. */
interface Cell<T> {
  value: T;
  /** Changes the value and calls the listeners, unless it is the same. */
  set(value: T): void;
}

/** @param start subscribes to the server; returns a function that unsubscribes */
function createStore<T>(initial: T, start: (cell: Cell<T>) => Stop): Store<T> {
  const listeners = new Set<(value: T) => void>();
  const cell: Cell<T> = {
    value: initial,
    set(value) {
      if (value === cell.value) return;
      cell.value = value;
      emit(listeners, value);
    },
  };
  let stop: Stop | undefined;
  return {
    get: () => cell.value,
    subscribe(listener) {
      stop ??= start(cell);
      // A new function, so that the same listener can be added twice.
      const own = (value: T) => listener(value);
      listeners.add(own);
      own(cell.value);
      return () => {
        if (!listeners.delete(own) || listeners.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}

interface SharedBook {
  readonly book: Book;
  users: number;
}

/** The books that stores use, by market. */
const books = new WeakMap<Ranger, Map<string, SharedBook>>();

/** @returns the market's book, and a function that closes it after its last user */
function acquireBook(ranger: Ranger, market: string): { book: Book; release: Stop } {
  const markets = books.get(ranger) ?? new Map<string, SharedBook>();
  books.set(ranger, markets);
  const shared = markets.get(market) ?? { book: ranger.book(market), users: 0 };
  markets.set(market, shared);
  shared.users++;
  return {
    book: shared.book,
    release: () => {
      if (--shared.users > 0) return;
      markets.delete(market);
      shared.book.close();
    },
  };
}

/** @returns the previous view if nothing in it has changed */
function bookView(book: Book, depth: number, previous: BookView): BookView {
  const { live, spread } = book;
  const { asks, bids } = book.depth(depth);
  const view = {
    live,
    asks: keepSame(asks, previous.asks),
    bids: keepSame(bids, previous.bids),
    spread,
  };
  const isSame = live === previous.live && spread === previous.spread &&
    view.asks === previous.asks && view.bids === previous.bids;
  return isSame ? previous : view;
}

/** Uses the previous objects of levels that have not changed, and of the list if none has. */
function keepSame(levels: readonly Level[], previous: readonly Level[]): readonly Level[] {
  let isSame = levels.length === previous.length;
  const kept = levels.map((level, at) => {
    const old = previous[at];
    if (
      old && old.price === level.price && old.amount === level.amount &&
      old.total === level.total
    ) return old;
    isSame = false;
    return level;
  });
  return isSame ? previous : kept;
}
