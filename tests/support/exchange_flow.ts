/**
 * Random flows of orders through the model of Peatio's engine (src/source/simulator/engine.ts), for
 * property tests: fast-check arbitraries, and a player that turns a flow into the events that a
 * real Peatio would publish.
 */

import fc from "fast-check";
import type { EngineOrder, Side } from "../../src/source/simulator/book_side.ts";
import type {
  BookMarket,
  PublishedBook,
  SnapshotPolicy,
} from "../../src/source/simulator/book_publisher.ts";
import { PeatioEngine } from "../../src/source/simulator/engine.ts";
import {
  type BookPayload,
  type BookSnapshot,
  ModelBook,
  type ModelLevel,
  scaled,
} from "./model_book.ts";
import { type BookEvent, bookEvent } from "./peatio_recording.ts";

/** One thing that happens to the exchange. */
export type FlowStep =
  /** A limit order `distance` ticks away from the middle, on the other side of it if negative. */
  | {
    readonly do: "limit";
    readonly side: Side;
    readonly distance: number;
    readonly amount: number;
  }
  /** A market order; one to buy may spend `percent` of its amount at the best price. */
  | {
    readonly do: "market";
    readonly side: Side;
    readonly amount: number;
    readonly percent: number;
  }
  /** Cancels one of the orders that wait. */
  | { readonly do: "cancel"; readonly which: number }
  /** Cancels an order that is gone already, as happens when a cancellation meets a trade. */
  | { readonly do: "cancel gone"; readonly which: number }
  /** Time passes. */
  | { readonly do: "pause"; readonly milliseconds: number }
  /** The engine starts again, with the orders that wait: sequence 1. */
  | { readonly do: "restart" }
  /** A fault: publishing throws at the next event. */
  | { readonly do: "fail" }
  /** A fault: the broker loses the next event. */
  | { readonly do: "lose" };

/** A market, what it opens with, and what happens then. */
export interface ExchangeFlow {
  readonly market: BookMarket;
  /** Ticks: asks open above, bids below. */
  readonly middle: number;
  /** Levels a side at the start. */
  readonly opening: number;
  readonly snapshots: Partial<SnapshotPolicy>;
  readonly steps: readonly FlowStep[];
}

/** One event, with the engine's book at that moment. */
export type PlayedEvent = BookEvent & {
  /**
   * The engine's whole book when the event was published, to the last level. A periodic snapshot
   * comes ahead of its increment, so the book has a change there that its sequence does not count.
   */
  readonly book: PublishedBook;
  /** Whether this is the snapshot of an engine that starts. */
  readonly start: boolean;
};

/** What a flow published. */
export interface PlayedFlow {
  readonly events: readonly PlayedEvent[];
  /** The engine's whole book at the end. */
  readonly book: PublishedBook;
  /** Events that failed or were lost. */
  readonly faults: number;
  /** Starts of the engine after the first. */
  readonly restarts: number;
}

/** Which flows there are to be. */
export interface FlowOptions {
  /** With failed and lost events. Default false. */
  readonly faults?: boolean;
  /** With restarts of the engine. Default true. */
  readonly restarts?: boolean;
  /** Levels a side at the start; over 301 are more than a snapshot has. Default 0 to 12. */
  readonly opening?: number;
  /** Default 120. */
  readonly maxSteps?: number;
  /** Default `ethusd`. */
  readonly market?: string;
}

/** Longer than Peatio waits for a snapshot at most. */
const LONG = 61_000;

/**
 * Random flows of orders, fills, cancellations, pauses and, as the options say, restarts and faults.
 *
 * @example
 * ```ts
 * import fc from "fast-check";
 * declare const server: { take(event: PlayedEvent): void };
 * fc.assert(fc.property(exchangeFlow({ faults: true }), (flow) => {
 *   for (const event of playFlow(flow).events) server.take(event);
 * }));
 * ```
 */
export function exchangeFlow(options: FlowOptions = {}): fc.Arbitrary<ExchangeFlow> {
  const { faults = false, restarts = true, opening, maxSteps = 120, market = "ethusd" } = options;
  const depth = Math.max(opening ?? 0, 30);
  const side = fc.constantFrom<Side>("buy", "sell");
  const amount = fc.integer({ min: 1, max: 3_000 });
  const which = fc.nat({ max: 1_000 });
  const often = <T extends FlowStep>(weight: number, arbitrary: fc.Arbitrary<T>) => ({
    weight,
    arbitrary: arbitrary as fc.Arbitrary<FlowStep>,
  });
  const step = fc.oneof(
    often(
      10,
      fc.record({
        do: fc.constant("limit"),
        side,
        distance: fc.integer({ min: -8, max: depth + 5 }),
        amount,
      }),
    ),
    often(
      3,
      fc.record({
        do: fc.constant("market"),
        side,
        amount,
        percent: fc.integer({ min: 50, max: 150 }),
      }),
    ),
    often(6, fc.record({ do: fc.constant("cancel"), which })),
    often(1, fc.record({ do: fc.constant("cancel gone"), which })),
    often(
      2,
      fc.record({
        do: fc.constant("pause"),
        milliseconds: fc.constantFrom(1, 9_000, 10_001, 30_000, LONG),
      }),
    ),
    ...restarts ? [often(1, fc.record({ do: fc.constant("restart") }))] : [],
    ...faults
      ? [
        often(1, fc.record({ do: fc.constant("fail") })),
        often(1, fc.record({ do: fc.constant("lose") })),
      ]
      : [],
  );
  return fc.record({
    market: fc.record({
      id: fc.constant(market),
      pricePrecision: fc.integer({ min: 0, max: 8 }),
      amountPrecision: fc.integer({ min: 0, max: 8 }),
    }),
    // So that prices have different numbers of digits before and after the point.
    middle: fc.constantFrom(depth + 50, 1_000, 99_990, 123_456_789).map((at) =>
      Math.max(at, depth + 50)
    ),
    opening: opening === undefined ? fc.integer({ min: 0, max: 12 }) : fc.constant(opening),
    snapshots: fc.oneof(
      fc.constant({}),
      fc.integer({ min: 0, max: 9 }).map(snapshotEvery),
    ),
    steps: fc.array(step, { maxLength: maxSteps, size: "max" }),
  });
}

/** Snapshots along with each increment that has `increments` before it, at any time. */
export function snapshotEvery(increments: number): Partial<SnapshotPolicy> {
  return { minIncrements: increments, minPeriod: -1, maxPeriod: Infinity };
}

/**
 * Plays a flow on a new engine.
 *
 * @param settle whether to end with changes far from the middle, a long time apart, until two
 * snapshots have come with them: whatever was lost before, these say it, if the book is not deeper
 */
export function playFlow(flow: ExchangeFlow, settle = false): PlayedFlow {
  const player = new FlowPlayer(flow);
  for (const step of flow.steps) player.step(step);
  if (settle) player.settle();
  return player.played;
}

/**
 * The book that a client knows that was sent the first `count` events: what an engine's first
 * snapshot and the increments since say. It differs from the engine's book where that was deeper
 * than a snapshot when it started. For flows without faults.
 */
export function knownBook(
  events: readonly (BookEvent | PlayedEvent)[],
  count: number,
): PublishedBook {
  const book = new ModelBook();
  const sent = events.slice(0, count);
  const start = sent.findLastIndex(isStart);
  for (const event of sent.slice(Math.max(0, start))) {
    if (event.kind === "increment") book.apply(event.payload);
    else if (isStart(event)) book.replace(event.payload);
  }
  const { asks, bids, sequence = 1 } = book.snapshot();
  return { asks, bids, sequence };
}

/** Levels of a snapshot's side from which on it may be cut off. */
const MIN_CUT_LEVELS = 100;

/**
 * The book that a server keeps after the first `count` events, and sends to late subscribers: see
 * {@linkcode ServedBook}.
 */
export function servedBook(
  events: readonly (BookEvent | PlayedEvent)[],
  count: number,
): PublishedBook {
  const book = new ServedBook();
  for (const event of events.slice(0, count)) book.add(event);
  return book.snapshot();
}

/**
 * The book that a server keeps, event by event: what {@linkcode knownBook} says, and the levels below
 * it that later snapshots showed. A snapshot counts from the increment on that comes with it. For
 * flows without faults.
 */
export class ServedBook {
  readonly #book = new ModelBook();
  /** The last price known of each side that was cut off. */
  readonly #ends: { asks?: bigint; bids?: bigint } = {};
  #shown: BookSnapshot | undefined;

  add(event: BookEvent | PlayedEvent): void {
    if (isStart(event)) {
      const snapshot = event.payload as BookSnapshot;
      this.#book.replace(snapshot);
      this.#shown = undefined;
      for (const side of ["asks", "bids"] as const) {
        delete this.#ends[side];
        if (snapshot[side].length >= MIN_CUT_LEVELS) this.#ends[side] = lastOf(snapshot[side]);
      }
    } else if (event.kind === "snapshot") {
      this.#shown = event.payload;
    } else {
      this.#book.apply(event.payload);
      if (this.#shown) this.#adopt(this.#shown, event.payload);
      this.#shown = undefined;
    }
  }

  snapshot(): PublishedBook {
    const { asks, bids, sequence = 1 } = this.#book.snapshot();
    return { asks, bids, sequence };
  }

  #adopt(snapshot: BookSnapshot, increment: BookPayload): void {
    const other = new ModelBook();
    other.replace(snapshot);
    other.apply(increment);
    for (const [side, direction] of [["asks", 1n], ["bids", -1n]] as const) {
      const end = this.#ends[side];
      if (end === undefined || snapshot[side].length === 0) continue;
      const isBeyond = (price: bigint) => (price - end) * direction > 0n;
      for (const [price, level] of other[side]) {
        if (isBeyond(price) && !this.#book[side].has(price)) this.#book[side].set(price, level);
      }
      const last = lastOf(snapshot[side]);
      if (isBeyond(last)) this.#ends[side] = last;
    }
  }
}

function lastOf(levels: readonly ModelLevel[]): bigint {
  return scaled(levels.at(-1)![0]);
}

/** A periodic snapshot has the sequence 1 as well, if it comes with the first increment. */
export function isStart(event: BookEvent | PlayedEvent): boolean {
  if ("start" in event) return event.start;
  return event.kind === "snapshot" && event.payload.sequence === 1;
}

/** Plays step by step; {@linkcode playFlow} does it at once. */
export class FlowPlayer {
  readonly #flow: ExchangeFlow;
  readonly #engine: PeatioEngine;
  readonly #events: PlayedEvent[] = [];
  readonly #waiting: EngineOrder[] = [];
  readonly #gone: EngineOrder[] = [];
  #now = 1_700_000_000_000;
  #lastId = 0;
  #starting = false;
  #next: "arrives" | "fails" | "is lost" = "arrives";
  #faults = 0;
  #restarts = 0;

  /** Opens the market: the first event is its snapshot. */
  constructor(flow: ExchangeFlow) {
    this.#flow = flow;
    this.#engine = new PeatioEngine({
      market: flow.market,
      publish: (routingKey, payload) => this.#publish(routingKey, payload),
      now: () => this.#now,
      snapshots: flow.snapshots,
    });
    for (let distance = 1; distance <= flow.opening; distance++) {
      for (const side of ["sell", "buy"] as const) {
        const orders = distance % 3 === 0 ? 2 : 1;
        for (let n = 0; n < orders; n++) this.#limit(side, distance, 150 * distance % 2_000 + 1);
      }
    }
    this.#start();
  }

  /** All that was published so far. */
  get played(): PlayedFlow {
    return {
      events: this.#events,
      book: this.#engine.book,
      faults: this.#faults,
      restarts: this.#restarts,
    };
  }

  /** Does one thing. */
  step(step: FlowStep): void {
    switch (step.do) {
      case "limit":
        return this.#limit(step.side, step.distance, step.amount);
      case "market":
        return this.#market(step.side, step.amount, step.percent);
      case "cancel": {
        const [order] = this.#waiting.splice(step.which % this.#waiting.length, 1);
        if (order !== undefined) this.#cancel(order);
        return;
      }
      case "cancel gone": {
        const order = this.#gone[step.which % this.#gone.length];
        if (order !== undefined) this.#cancel(order);
        return;
      }
      case "pause":
        this.#now += step.milliseconds;
        return;
      case "restart":
        this.#restarts += 1;
        this.#engine.stop();
        return this.#start();
      case "fail":
        this.#next = "fails";
        return;
      case "lose":
        this.#next = "is lost";
        return;
    }
  }

  /** Ends with what makes up for every loss, see {@linkcode playFlow}. */
  settle(): void {
    this.#next = "arrives";
    const snapshots = () => this.#events.filter(({ kind }) => kind === "snapshot").length;
    const enough = snapshots() + 2;
    while (snapshots() < enough) {
      this.#now += LONG;
      this.#limit("sell", this.#flow.opening + 40, 1);
    }
  }

  #start(): void {
    this.#starting = true;
    try {
      this.#engine.start();
    } catch {
      // A Peatio that cannot publish its first snapshot ends and starts again.
      this.#engine.start();
    } finally {
      this.#starting = false;
    }
  }

  #limit(side: Side, distance: number, amount: number): void {
    const { middle } = this.#flow;
    const price = side === "sell" ? middle + distance : middle - distance;
    this.#submit({ id: ++this.#lastId, side, type: "limit", price, remaining: amount });
  }

  #market(side: Side, amount: number, percent: number): void {
    const best = this.#engine.levels(side === "buy" ? "sell" : "buy")[0]?.price ?? 0;
    const locked = BigInt(best) * BigInt(amount) * BigInt(percent) / 100n;
    this.#submit({ id: ++this.#lastId, side, type: "market", price: 0, remaining: amount, locked });
  }

  #submit(order: EngineOrder): void {
    for (const { maker } of this.#engine.submit(order)) {
      if (maker.remaining > 0) continue;
      this.#waiting.splice(this.#waiting.indexOf(maker), 1);
      this.#gone.push(maker);
    }
    if (order.type === "limit") (order.remaining > 0 ? this.#waiting : this.#gone).push(order);
  }

  #cancel(order: EngineOrder): void {
    this.#engine.cancel(order);
    if (!this.#gone.includes(order)) this.#gone.push(order);
  }

  #publish(routingKey: string, payload: unknown): void {
    const next = this.#next;
    this.#next = "arrives";
    if (next !== "arrives") this.#faults += 1;
    if (next === "fails") throw new Error("publishing failed");
    if (next === "is lost") return;
    const { book } = this.#engine;
    this.#events.push({ ...bookEvent(routingKey, payload), book, start: this.#starting });
  }
}
