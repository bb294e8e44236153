import assert from "node:assert/strict";
import type { BookMarket } from "./book_market.ts";
import { type Client, connectClient } from "./client.ts";
import { Opcode } from "../../testing/frames.ts";
import { ModelBook } from "./model_book.ts";
import type { RangerProcess } from "../../testing/ranger.ts";

/** What a client holds of a market. */
export type Holding = "increments" | "snapshots" | "both" | "whole";

/** How a client comes in. */
export interface JoinOptions {
  readonly holdings: ReadonlyMap<BookMarket, Holding>;
  readonly envelope: "object" | "tuple";
  /** In the URL, or by a message after the upgrade. */
  readonly by: "query" | "message";
}

/** What a client made of a market. */
interface Followed {
  readonly market: BookMarket;
  readonly holding: Holding;
  /** Payloads of the snapshots that it got, as they came. */
  readonly snapshots: string[];
  /** How many increments it was given. */
  increments: number;
  /** What was published before it came in. */
  readonly snapshotsBefore: number;
  book: ModelBook | undefined;
  ended: boolean;
}

/** Streams of a market that a holding needs, and the marker that tells that all has come. */
function streamsOf(market: BookMarket, holding: Holding): string[] {
  const { id } = market;
  switch (holding) {
    case "increments":
      return [`${id}.ob-inc`, `${id}.marker`];
    case "snapshots":
      return [`${id}.ob-snap`, `${id}.marker`];
    case "both":
      return [`${id}.ob-snap`, `${id}.ob-inc`, `${id}.marker`];
    case "whole":
      return [id];
  }
}

/**
 * A client that keeps order books as simply as can be: a snapshot replaces the book, an increment
 * is applied to it, and its sequence must be the next one.
 */
export class BookClient {
  readonly followed: ReadonlyMap<string, Followed>;
  readonly #client: Client;
  readonly #envelope: "object" | "tuple";
  /** Answers to subscriptions so far. */
  #answers = 0;

  private constructor(client: Client, { holdings, envelope }: JoinOptions) {
    this.#client = client;
    this.#envelope = envelope;
    this.followed = new Map(
      [...holdings].map(([market, holding]) => [market.id, {
        market,
        holding,
        snapshots: [],
        increments: 0,
        snapshotsBefore: market.snapshots.length,
        book: undefined,
        ended: false,
      }]),
    );
  }

  /** Connects and subscribes. */
  static async join(ranger: RangerProcess, options: JoinOptions): Promise<BookClient> {
    const streams = [...options.holdings].flatMap(([market, holding]) =>
      streamsOf(market, holding)
    );
    const named = options.by === "query" ? `stream=${streams.join(",")}&` : "";
    const url = ranger.url(`/public?${named}envelope=${options.envelope}`);
    const joined = new BookClient(await connectClient(url), options);
    await joined.#answer(options.by === "query" ? streams : []);
    if (options.by === "message") {
      await joined.#client.send({ event: "subscribe", streams });
      await joined.#answer(streams);
    }
    return joined;
  }

  /** Reads on until the marker of each market has come. */
  async readToMarkers(): Promise<void> {
    while ([...this.followed.values()].some(({ ended }) => !ended)) {
      this.#take(await this.#client.next());
    }
  }

  /** Goes away: in order, and then reads what it was given up to then; or without a word. */
  async leave(how: "in order" | "without a word"): Promise<void> {
    if (how === "without a word") return this.#client.raw.close();
    await this.#client.close();
    for (const { opcode, payload } of await this.#client.raw.rest()) {
      if (opcode === Opcode.text) this.#take(new TextDecoder().decode(payload));
    }
  }

  async #answer(streams: readonly string[]): Promise<void> {
    const before = this.#answers;
    while (this.#answers === before) this.#take(await this.#client.next(), streams);
  }

  #take(message: string, streams?: readonly string[]): void {
    if (message.startsWith('{"success"')) {
      this.#answers++;
      const answer = { success: { message: "subscribed", streams } };
      return assert.deepEqual(JSON.parse(message), answer);
    }
    const end = message.indexOf('"', 2);
    const stream = message.slice(2, end);
    const [id = "", event] = stream.split(".");
    const followed = this.followed.get(id);
    assert.ok(followed, `an event of ${stream}, which was not subscribed`);
    assert.equal(followed.ended, false, "nothing comes after the last marker");
    const open = this.#envelope === "object" ? `{"${stream}":` : `["${stream}",`;
    assert.ok(message.startsWith(open), message);
    const payload = message.slice(open.length, -1);
    if (event === "marker") followed.ended = true;
    else if (event === "ob-snap") takeSnapshot(followed, payload);
    else if (event === "ob-inc") takeIncrement(followed, payload);
    else assert.fail(`an event of ${stream}`);
  }
}

function takeSnapshot(followed: Followed, payload: string): void {
  followed.snapshots.push(payload);
  followed.book ??= new ModelBook();
  followed.book.replace(JSON.parse(payload));
}

function takeIncrement(followed: Followed, payload: string): void {
  const increment = JSON.parse(payload);
  const { book, holding } = followed;
  assert.notEqual(holding, "snapshots");
  assert.ok(book, "no increment comes before the first snapshot");
  if (increment.sequence !== undefined) {
    assert.equal(increment.sequence, book.sequence! + 1, "a client sees no gap");
  }
  followed.increments++;
  book.apply(increment);
}
