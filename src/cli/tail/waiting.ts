/** What is said about events that do not come. */
import { PRIVATE_STREAMS } from "../../../client/src/streams.ts";
import { nearest } from "../../config/nearest.ts";

/** Milliseconds after which it is said. */
const PATIENCE = 5_000;
/** Milliseconds that the server has to name its streams. */
const ANSWER_TIMEOUT = 3_000;
/** Names that are listed at most. */
const MOST = 10;

/** What an order book comes from. */
const BOOK = /\.ob-(?:inc|snap)$/;

/** Streams that there are where there is an order book, whether or not the exchange publishes them. */
const OF_BOOKS = /\.(?:ob-inc|ob-snap|bbo|depth-\d+)$/;

/**
 * Says, when some seconds have passed, what is still waited for.
 *
 * @param url of the server's WebSocket
 * @param explain gets the public streams that the server has had events of, or undefined where it
 *   does not tell; nothing is said where it returns undefined
 * @returns stops waiting: to be called when everything has come
 *
 * @example
 * ```ts
 * const stop = sayWhatIsAwaited(
 *   "ws://localhost:8080/public",
 *   (available) => explainBook("btcsud", available),
 *   console.error,
 * );
 * // no snapshot of btcsud's order book within 5 s; still waiting. Does the market exist? The server
 * // has order books of btcusd, ethusd; did you mean btcusd?
 * stop();
 * ```
 */
export function sayWhatIsAwaited(
  url: string,
  explain: (available: readonly string[] | undefined) => string | undefined,
  note: (text: string) => void,
): () => void {
  let over = false;
  const timer = setTimeout(async () => {
    const available = await availableStreams(url);
    const text = over ? undefined : explain(available);
    if (text !== undefined) note(text);
  }, PATIENCE);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/** The sentence about a market's order book. */
export function explainBook(market: string, available: readonly string[] | undefined): string {
  const waiting = stillWaiting(`snapshot of ${market}'s order book`);
  if (available === undefined) return `${waiting}. Does the market exist?`;
  const markets = idsOf(available.filter((name) => BOOK.test(name)));
  if (markets.includes(market)) return `${waiting} for the exchange's next snapshot`;
  return `${waiting}. Does the market exist? The server has ` +
    (markets.length === 0 ? "no order book yet" : `order books of ${listed(markets)}`) +
    question([nearest(market, markets)]);
}

/**
 * Which of the streams that are followed have had no event.
 *
 * @example
 * ```ts
 * const silent = new SilentStreams(["btcusd.trades", "btcusd.trade"]);
 * silent.heard("btcusd.trades");
 * silent.explain(["btcusd.trade"], ["btcusd.ob-inc", "btcusd.trades"]);
 * // no event of btcusd.trade within 5 s; still waiting. Does the stream exist? The server has had
 * // events of btcusd.ob-inc, btcusd.trades; did you mean btcusd.trades?
 * ```
 */
export class SilentStreams {
  readonly #silent: Set<string>;
  #heardAny = false;

  constructor(streams: readonly string[]) {
    this.#silent = new Set(streams);
  }

  /** Whether each stream has had an event. */
  get none(): boolean {
    return this.#silent.size === 0;
  }

  /** An event came under this name. */
  heard(name: string): void {
    this.#heardAny = true;
    for (const stream of this.#silent) if (carries(stream, name)) this.#silent.delete(stream);
  }

  /**
   * The sentence about them; undefined where nothing is worth saying. A stream that exists may be
   * quiet: that is said only where nothing else has come either.
   *
   * @param held streams that the server has not refused
   */
  explain(
    held: readonly string[],
    available: readonly string[] | undefined,
  ): string | undefined {
    const silent = held.filter((name) => this.#silent.has(name));
    // Said once.
    this.#silent.clear();
    if (available === undefined) {
      return silent.length === 0 ? undefined : `${noEvent(silent)}. ${doExist(silent)}`;
    }
    const unknown = silent.filter((name) => !exists(name, available));
    if (unknown.length > 0) {
      return `${noEvent(unknown)}. ${doExist(unknown)} The server has had ` +
        describeEvents(unknown, available) +
        question(unknown.map((name) => nearestStream(name, available)));
    }
    return silent.length === 0 || this.#heardAny
      ? undefined
      : `${noEvent(silent)} for the next one`;
  }
}

/** Whether a stream's events come under this name. */
function carries(stream: string, name: string): boolean {
  return stream === name ||
    // Increments begin with a snapshot.
    stream === name.replace(/-snap$/, "-inc") ||
    // A whole market.
    stream === idOf(name) ||
    // Events of role streams come without the prefix.
    (name.includes(".") && stream.endsWith(`.${name}`));
}

/** Whether there is such a stream, as far as the server lists them: public ones only. */
function exists(name: string, available: readonly string[]): boolean {
  if (PRIVATE_STREAMS.includes(name) || name.split(".").length > 2) return true;
  return available.some((one) =>
    one === name || idOf(one) === name ||
    (OF_BOOKS.test(name) && BOOK.test(one) && idOf(one) === idOf(name))
  );
}

function nearestStream(name: string, available: readonly string[]): string | undefined {
  const ids = idsOf(available);
  const id = idOf(name);
  if (id === name) return nearest(name, [...ids, ...PRIVATE_STREAMS]);
  const nearId = ids.includes(id) ? id : nearest(id, ids);
  if (nearId === undefined) return undefined;
  const event = name.slice(id.length + 1);
  if (exists(`${nearId}.${event}`, available)) return `${nearId}.${event}`;
  const events = ofId(nearId, available).map((one) => one.slice(nearId.length + 1));
  const nearEvent = nearest(event, events);
  return nearEvent === undefined ? undefined : `${nearId}.${nearEvent}`;
}

/** Of the one market that is meant its streams, else the markets. */
function describeEvents(unknown: readonly string[], available: readonly string[]): string {
  if (available.length === 0) return "no public event yet";
  const [id = "", ...others] = idsOf(unknown);
  const streams = others.length === 0 ? ofId(id, available) : [];
  return `events of ${listed(streams.length === 0 ? idsOf(available) : streams)}`;
}

function ofId(id: string, names: readonly string[]): string[] {
  return names.filter((name) => idOf(name) === id);
}

function idOf(name: string): string {
  return name.split(".", 1)[0]!;
}

function idsOf(names: readonly string[]): string[] {
  return [...new Set(names.map(idOf))];
}

function noEvent(names: readonly string[]): string {
  return stillWaiting(`event of ${listed(names)}`);
}

function stillWaiting(what: string): string {
  return `no ${what} within ${PATIENCE / 1000} s; still waiting`;
}

function doExist({ length }: readonly string[]): string {
  return length === 1 ? "Does the stream exist?" : "Do the streams exist?";
}

function question(near: readonly (string | undefined)[]): string {
  const names = [...new Set(near.filter((name) => name !== undefined))];
  return names.length === 0 ? "" : `; did you mean ${listed(names)}?`;
}

function listed(names: readonly string[]): string {
  return names.slice(0, MOST).join(", ") + (names.length > MOST ? ", …" : "");
}

async function availableStreams(url: string): Promise<string[] | undefined> {
  try {
    const { protocol, host } = new URL(url);
    const response = await fetch(`${protocol.replace(/^ws/, "http")}//${host}/streams`, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
    const { streams } = await response.json() as { readonly streams: readonly unknown[] };
    return streams.map(String).sort();
  } catch {
    // A proxy may serve the WebSocket alone, and another server has no such address.
    return undefined;
  }
}
