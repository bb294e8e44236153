import { type BookPayload, type BookSnapshot, type ModelLevel, scaled } from "./model_book.ts";

/**
 * A recording of Peatio's own matching engine: what it published of one market on random orders,
 * fills and cancels, with a restart, and its whole books.
 */

/** One event, as it was published. */
export interface RecordedEvent {
  readonly key: string;
  /** JSON */
  readonly body: string;
  readonly isSnapshot: boolean;
}

/** The engine's whole book at one moment. */
export interface RecordedBook extends BookSnapshot {
  /** How many events there had been. */
  readonly after_events: number;
}

/** The recording. */
export interface EngineRecording {
  readonly market: string;
  readonly events: readonly RecordedEvent[];
  readonly books: readonly RecordedBook[];
}

/** Reads the recording from the tests' data. */
export async function engineRecording(): Promise<EngineRecording> {
  const events = (await lines("peatio-engine-run.jsonl")).map((line): RecordedEvent => {
    const [key] = JSON.parse(line) as [string];
    const body = line.slice(line.indexOf(",") + 1, line.lastIndexOf("]"));
    return { key, body, isSnapshot: key.endsWith(".ob-snap") };
  });
  const books = (await lines("peatio-engine-run.books.jsonl"))
    .map((line): RecordedBook => JSON.parse(line));
  return { market: events[0]!.key.split(".")[1]!, events, books };
}

async function lines(name: string): Promise<string[]> {
  const url = new URL(`../data/${name}`, import.meta.url);
  return (await Deno.readTextFile(url)).trim().split("\n");
}

/**
 * Prices that a reader has been told of: those of a snapshot, and of increments since. Of all other
 * levels it can know nothing, since a snapshot has 301 a side and no more.
 */
export class KnownPrices {
  readonly #asks = new Set<bigint>();
  readonly #bids = new Set<bigint>();

  /** A snapshot takes the place of all that was known. */
  snapshot(payload: BookPayload): void {
    this.#asks.clear();
    this.#bids.clear();
    this.increment(payload);
  }

  increment({ asks = [], bids = [] }: BookPayload): void {
    for (const price of pricesOf(asks)) this.#asks.add(price);
    for (const price of pricesOf(bids)) this.#bids.add(price);
  }

  /** A whole book without the levels that nothing was said of. */
  of({ asks, bids, sequence }: BookSnapshot): BookSnapshot {
    const sides = {
      asks: asks.filter(([price]) => this.#asks.has(scaled(price))),
      bids: bids.filter(([price]) => this.#bids.has(scaled(price))),
    };
    return sequence === undefined ? sides : { ...sides, sequence };
  }
}

function pricesOf(levels: ModelLevel | readonly ModelLevel[]): bigint[] {
  const pairs = typeof levels[0] === "string" ? [levels as ModelLevel] : levels as ModelLevel[];
  return pairs.map(([price]) => scaled(price));
}
