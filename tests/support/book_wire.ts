import assert from "node:assert/strict";
import { type BookSubscriptions, LiveBook } from "../../client/src/book.ts";
import { parseMessage } from "../../client/src/message.ts";
import type { Book, Depth, Level, RangerError } from "../../client/src/mod.ts";
import type { BookSnapshot } from "./model_book.ts";

/** The subscriptions of a client's book without a connection: messages arrive immediately. */
export class BookWire implements BookSubscriptions {
  readonly market: string;
  /** Whether the book has requested its state and has no answer yet. */
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

  /** Sends the state that a new subscriber receives. */
  greet(): void {
    this.requested = false;
  }

  /** Delivers an event of the market. @param payload as published, in JSON */
  send(event: "ob-snap" | "ob-inc", payload: string): void {
    const message = parseMessage(`{"${this.market}.${event}":${payload}}`);
    for (const name in message) this.#listeners.get(name)?.(message[name], name);
  }
}

/** The typed client's book of a market; it notifies after each message. */
export function wiredBook(
  wire: BookWire,
  failed: (error: RangerError) => void = assert.ifError,
): LiveBook {
  return new LiveBook(wire.market, { notify: "message" }, wire, failed, () => {});
}

/** Returns the levels of a client's book in the form of a snapshot. */
export function shownBook(book: Pick<Book, "depth" | "sequence">): BookSnapshot {
  return snapshotOf(book.depth(), book.sequence);
}

/** Returns both sides of a book in the form of a snapshot. */
export function snapshotOf({ asks, bids }: Depth, sequence: number | undefined): BookSnapshot {
  const pairs = (levels: readonly Level[]) =>
    levels.map(({ price, amount }) => [price, amount] as const);
  const sides = { asks: pairs(asks), bids: pairs(bids) };
  return sequence === undefined ? sides : { ...sides, sequence };
}
