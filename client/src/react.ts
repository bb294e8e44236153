/**
 * Hooks for React 18 and later. They subscribe while a component is mounted; on the server they
 * return the values of a client that has not connected yet.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 * import { RangerProvider, useBook } from "@ranger-ws/client/react";
 * import { createElement as h } from "react";
 *
 * function Spread({ market }: { market: string }) {
 *   const { live, spread } = useBook(market, 1);
 *   return h("p", null, live ? spread : "…");
 * }
 *
 * const ranger = connect("wss://example.com/public");
 * const app = h(RangerProvider, { ranger }, h(Spread, { market: "btcusd" }));
 * ```
 *
 * @module
 */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useMemo,
  useSyncExternalStore,
} from "react";
import type { Ranger, StreamName } from "./api.ts";
import type { State } from "./state.ts";
import {
  bookStore,
  type BookView,
  EMPTY_BOOK,
  type KeepOptions,
  stateStore,
  type Store,
  streamStore,
} from "./store.ts";
import type { PayloadOf } from "./streams.ts";

export type { BookView, KeepOptions } from "./store.ts";

/** `null` outside of a provider. */
const Context = createContext<Ranger | undefined | null>(null);

/** Until there is a connection. */
const CONNECTING: State = { status: "connecting", attempt: 0 };
const NO_EVENTS: readonly never[] = [];
const unchanging = () => () => {};

/** Properties of {@linkcode RangerProvider}. */
export interface RangerProviderProps {
  /** The connection that the hooks below use; `undefined` on the server, and until there is one. */
  readonly ranger: Ranger | undefined;
  readonly children?: ReactNode;
}

/** Gives a connection to the hooks of all components in it. */
export function RangerProvider({ ranger, children }: RangerProviderProps): ReactElement {
  return createElement(Context.Provider, { value: ranger }, children);
}

/** Returns the connection of the nearest {@linkcode RangerProvider}. */
export function useRanger(): Ranger | undefined {
  const ranger = useContext(Context);
  if (ranger === null) {
    throw new Error("Ranger's hooks need a <RangerProvider> around them");
  }
  return ranger;
}

/**
 * Returns the best levels of a market's order book. The value changes at most once per animation
 * frame; what has not changed stays the same object.
 *
 * @param depth maximum number of levels per side
 */
export function useBook(market: string, depth = 10): BookView {
  const ranger = useRanger();
  const store = useMemo(() => ranger && bookStore(ranger, market, depth), [ranger, market, depth]);
  return useStore(store, EMPTY_BOOK);
}

/**
 * Returns a stream's latest event, `undefined` before the first one. With `{ keep }`, the latest
 * events, oldest first.
 */
export function useStream<Name extends StreamName>(name: Name): PayloadOf<Name> | undefined;
export function useStream<Name extends StreamName>(
  name: Name,
  options: KeepOptions,
): readonly PayloadOf<Name>[];
export function useStream(name: string, options?: KeepOptions): unknown {
  const ranger = useRanger();
  const keep = options?.keep;
  const store = useMemo<Store<unknown> | undefined>(
    () => ranger && streamStore(ranger, name, keep === undefined ? keep : { keep }),
    [ranger, name, keep],
  );
  return useStore<unknown>(store, keep === undefined ? undefined : NO_EVENTS);
}

/** Returns the state of the connection. */
export function useRangerState(): State {
  const ranger = useRanger();
  const store = useMemo(() => ranger && stateStore(ranger), [ranger]);
  return useStore(store, CONNECTING);
}

/** @param initial on the server, at hydration, and without a connection */
function useStore<T>(store: Store<T> | undefined, initial: T): T {
  const getInitial = () => initial;
  const { subscribe = unchanging, get = getInitial } = store ?? {};
  return useSyncExternalStore(subscribe, get, getInitial);
}
