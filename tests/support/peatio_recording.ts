/**
 * The recording of a real Peatio engine in tests/data, described there.
 */

import type { PublishedBook } from "../../src/source/simulator/book_publisher.ts";

/** `["15.0",""]`: a price, and the amount that is there now. */
type Pair = readonly [price: string, amount: string];

/** The payload of `ob-inc`. */
export type IncrementPayload =
  & ({ readonly asks: Pair; readonly bids?: never } | {
    readonly bids: Pair;
    readonly asks?: never;
  })
  & { readonly sequence: number };

/** One event of an order book as Peatio publishes it. */
export type BookEvent =
  & {
    /** `public.ethusd.ob-inc` */
    readonly routingKey: string;
    /** The JSON as published. */
    readonly body: Uint8Array;
  }
  & ({ readonly kind: "snapshot"; readonly payload: PublishedBook } | {
    readonly kind: "increment";
    readonly payload: IncrementPayload;
  });

/** What the recording consists of. */
export interface PeatioRecording {
  /** `ethusd` */
  readonly market: string;
  /** Digits after the point of the prices and amounts. */
  readonly pricePrecision: number;
  readonly amountPrecision: number;
  readonly events: readonly BookEvent[];
  /** The engine's whole book after this number of events, without a sequence. */
  readonly books: readonly {
    readonly afterEvents: number;
    readonly asks: readonly Pair[];
    readonly bids: readonly Pair[];
  }[];
  /** The index of the snapshot that the restarted engine begins with. */
  readonly restart: number;
}

const encoder = new TextEncoder();

/**
 * Reads the recording.
 *
 * @example
 * ```ts
 * const { events, books } = await readPeatioRecording();
 * events[1]; // { kind: "increment", routingKey: "public.ethusd.ob-inc", payload: { asks: ["3099.5", ""], sequence: 2 }, … }
 * ```
 */
export async function readPeatioRecording(): Promise<PeatioRecording> {
  const events = (await lines("peatio-engine-run.jsonl")).map((line) => {
    const [routingKey, payload] = JSON.parse(line);
    return bookEvent(routingKey, payload);
  });
  const books = (await lines("peatio-engine-run.books.jsonl")).map((line) => {
    const { after_events: afterEvents, asks, bids } = JSON.parse(line);
    return { afterEvents, asks, bids };
  });
  return {
    market: "ethusd",
    pricePrecision: 2,
    amountPrecision: 3,
    events,
    books,
    restart: books[0]!.afterEvents,
  };
}

/** An event of an order book from what a publisher is given; the key ends in `-snap` or `-inc`. */
export function bookEvent(routingKey: string, payload: unknown): BookEvent {
  const body = encoder.encode(JSON.stringify(payload));
  return routingKey.endsWith("-snap")
    ? { kind: "snapshot", routingKey, body, payload: payload as PublishedBook }
    : { kind: "increment", routingKey, body, payload: payload as IncrementPayload };
}

async function lines(name: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../data/${name}`, import.meta.url));
  return text.trimEnd().split("\n");
}
