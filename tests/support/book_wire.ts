import assert from "node:assert/strict";
import { type BookSubscriptions, LiveBook } from "../../client/src/book.ts";
import { parseMessage } from "../../client/src/message.ts";
import type { Book, Depth, Level, RangerError } from "../../client/src/mod.ts";
import type { BookSnapshot } from "./model_book.ts";

/** What a client's book is connected to, without a connection: messages reach it at once. */
export class BookWire implements BookSubscriptions {
  readonly market: string;
  /** The book has requested its state again, and has not been answered. */
  requested = false;
  readonly #listeners = new Map<string, (payload: unknown, stream: string) => void>();

  constructor(market: string) {
    this.market = market;
  }

  listen(name: string, listener: (payload: unknown, stream: string) => void): () => void {
    this.#listeners.set(name, listener);
    return () => this.#listeners.delete(name);
  }

  subscribe(name: string): () => void {
    assert.equal(name, `${this.market}.ob-inc`);
    this.greet();
    return () => {};
  }

  resubscribe(): void {
    this.requested = true;
  }

  /** Sends what the server has for a new subscriber. */
  greet(): void {
    this.requested = false;
  }

  /** Delivers an event of the market. @param payload as published, in JSON */
  send(event: "ob-snap" | "ob-inc", payload: string): void {
    const message = parseMessage(`{"${this.market}.${event}":${payload}}`);
    for (const name in message) this.#listeners.get(name)?.(message[name], name);
  }
}

/** The typed client's book of a market, which notifies of each message. */
export function wiredBook(
  wire: BookWire,
  failed: (error: RangerError) => void = assert.ifError,
): LiveBook {
  return new LiveBook(wire.market, { notify: "message" }, wire, failed, () => {});
}

/** What a client's book shows, in the form of a snapshot. */
export function shownBook(book: Pick<Book, "depth" | "sequence">): BookSnapshot {
  return snapshotOf(book.depth(), book.sequence);
}

/** Both sides of a book in the form of a snapshot. */
export function snapshotOf({ asks, bids }: Depth, sequence: number | undefined): BookSnapshot {
  const pairs = (levels: readonly Level[]) =>
    levels.map(({ price, amount }) => [price, amount] as const);
  const sides = { asks: pairs(asks), bids: pairs(bids) };
  return sequence === undefined ? sides : { ...sides, sequence };
}
