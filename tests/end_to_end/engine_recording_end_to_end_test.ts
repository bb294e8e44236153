import assert from "node:assert/strict";
import type { Book } from "../../client/src/mod.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { shownBook, snapshotOf } from "../support/book_wire.ts";
import { type Exchange, startExchange } from "../support/exchange.ts";
import { knownBook, servedBook } from "../support/exchange_flow.ts";
import { type LiveClient, liveClient } from "../support/live_client.ts";
import type { BookSnapshot } from "../support/model_book.ts";
import { readPeatioRecording } from "../support/peatio_recording.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { Running } from "../support/running.ts";

const broker = await sharedBroker();
const { market, events, books } = await readPeatioRecording();
const decoder = new TextDecoder();

/** Clients that come while events are published. */
const LATE = 5;

for (const mode of ["open", "strict"]) {
  Deno.test(`clients and tail have the real engine's book: ${mode} mode`, async () => {
    await using exchange = await startExchange(broker, {
      auth: false,
      args: ["--streams-mode", mode],
    });
    await using readers = new Readers(exchange);
    const publish = async (from: number, to: number) => {
      for (const { routingKey, body } of events.slice(from, to)) {
        await exchange.publish(routingKey, decoder.decode(body));
        if (Math.random() < LATE / events.length) readers.join();
      }
    };
    await publish(0, 1);
    await exchange.settled();
    const follower = readers.join();
    await follows(follower.book, 1);
    await readers.tail.stdout.line(/"sequence":1,/);
    await readers.plain.stdout.line(/ob-snap/);

    let published = 1;
    for (const { afterEvents } of books) {
      const lines = readers.tail.stdout.all.length;
      await publish(published, afterEvents);
      published = afterEvents;
      const known = knownBook(events, afterEvents);
      await readers.have(known, servedBook(events, afterEvents), lines);
    }

    const received = (event: string) => {
      const start = `{"${market}.${event}":`;
      return follower.client.messages.filter((text) => text.startsWith(start))
        .map((text) => text.replace(/,"cursor":"[\w-]+"\}$/, "}").slice(start.length, -1));
    };
    const increments = events.filter(({ kind }) => kind === "increment")
      .map(({ body }) => decoder.decode(body));
    assert.deepEqual(received("ob-inc"), increments);
    assert.equal(received("ob-snap").length, 2, "the first, and that of the restart");
    const rawIncrements = () => readers.plain.stdout.all.filter((line) => line.includes(".ob-inc"));
    await until(
      () => rawIncrements().length >= increments.length || undefined,
      "tail to print every increment",
    );
    const raw = rawIncrements();
    assert.deepEqual(raw, increments.map((body) => `{"${market}.ob-inc":${body}}`));
    readers.assertNothingWrong();
  });
}

/** All levels of a book, to be compared as sets. */
function levelsOf({ asks, bids }: BookSnapshot): Set<string> {
  return new Set([...asks, ...bids].map(String));
}

/** The typed client's books, `ranger tail` and `ranger tail --book`. */
class Readers implements AsyncDisposable {
  readonly tail: Running;
  readonly plain: Running;
  readonly #url: string;
  readonly #clients: { readonly client: LiveClient; readonly book: Book }[] = [];

  constructor({ ranger }: Exchange) {
    this.#url = ranger.url("/public");
    const to = ["--url", this.#url, "--json"];
    this.tail = new Running(["tail", "--book", market, "--depth", "1000", ...to]);
    this.plain = new Running(["tail", `${market}.ob-inc`, ...to]);
  }

  join(): { readonly client: LiveClient; readonly book: Book } {
    const client = liveClient(this.#url);
    const joined = { client, book: client.ranger.book(market, { notify: "message" }) };
    this.#clients.push(joined);
    return joined;
  }

  /**
   * Waits until all are where the book is, and compares. Those that came late have the levels below
   * a cut as well that snapshots had shown by then.
   *
   * @param whole of the first client, and of tail
   * @param served to a client that comes now
   * @param lines of tail that came before
   */
  async have(whole: BookSnapshot, served: BookSnapshot, lines: number): Promise<void> {
    for (const [at, { book }] of this.#clients.entries()) {
      await follows(book, whole.sequence!);
      const shown = shownBook(book);
      if (at === 0) assert.deepEqual(shown, whole);
      assert.ok(levelsOf(whole).isSubsetOf(levelsOf(shown)), "what the first one has");
      assert.ok(levelsOf(shown).isSubsetOf(levelsOf(served)), "no more than a late one gets");
    }
    const pattern = new RegExp(`"sequence":${whole.sequence},`);
    const line = JSON.parse((await this.tail.stdout.line(pattern, lines)).input);
    assert.equal(line.live, true);
    assert.deepEqual(snapshotOf(line, line.sequence), whole);
  }

  /** Asserts that nobody noticed anything. */
  assertNothingWrong(): void {
    for (const { client } of this.#clients) {
      assert.deepEqual(client.errors, []);
      const asked = client.messages.filter((text) => text.startsWith('{"success"'));
      assert.equal(asked.length, 2, "the greeting, and one subscription");
    }
    assert.deepEqual([...this.tail.stderr.all, ...this.plain.stderr.all], []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tail[Symbol.asyncDispose]();
    await this.plain[Symbol.asyncDispose]();
    for (const { client } of this.#clients) await client[Symbol.asyncDispose]();
  }
}

async function follows(book: Book, sequence: number): Promise<void> {
  const there = Promise.withResolvers<void>();
  const look = () => void (book.live && book.sequence === sequence && there.resolve());
  const stop = book.onChange(look);
  look();
  try {
    await bounded(there.promise, () => `sequence ${sequence}, not ${book.sequence}`);
  } finally {
    stop();
  }
}
