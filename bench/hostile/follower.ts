import type { Publisher } from "../../testing/amqp.ts";
import { bounded } from "../../testing/bounded.ts";
import { type BookMessage, SoakBook, SoakMarket } from "../soak/market.ts";

const MARKET = "bystander";
const TRADES = `${MARKET}.trades`;
const INCREMENTS = `${MARKET}.ob-inc`;
const SNAPSHOT = `${MARKET}.ob-snap`;
/** Events before anything is measured: they warm up publisher, broker, server and client. */
const WARM_UP = 50;
/** Milliseconds that the last events may take, which a stalled server sends late. */
const PATIENCE_MS = 20_000;

/** What a client noticed of its events. */
export interface Followed {
  /** Milliseconds from the publisher to the client, of those published while it was measured. */
  readonly latencies: readonly number[];
  /** Trades and increments that came. */
  readonly events: number;
  /** Trades and increments that did not come, or not in their turn. */
  readonly gaps: number;
  /** Whether the client's order book is the exchange's at the end. */
  readonly bookIsRight: boolean;
}

/**
 * A client that follows a market's trades and keeps its order book from increments, and the exchange
 * that publishes them: both in this process, so that one clock says how long an event was under way.
 */
export class Follower implements Disposable {
  readonly #market = new SoakMarket(MARKET);
  readonly #book = new SoakBook();
  #publisher: Publisher | undefined;
  #socket: WebSocket | undefined;
  readonly #published = new Map<string, number>();
  #latencies: number[] = [];
  #events = 0;
  #gaps = 0;
  #lastTrade = 0;
  #turn = 0;
  #arrived = Promise.withResolvers<void>();
  #failure: unknown;

  /** Trades and increments that were not next when they came. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Subscribes, and publishes the first events; resolves when they have come. */
  async open(port: number, publisher: Publisher): Promise<void> {
    this.#publisher = publisher;
    // The first one is the order book.
    const [key, body] = this.#market.bookEvent();
    await publisher.publish(key, body);
    const url = `ws://127.0.0.1:${port}/public?stream=${TRADES},${INCREMENTS}`;
    const socket = this.#socket = new WebSocket(url);
    const open = Promise.withResolvers<void>();
    socket.onmessage = ({ data }) => {
      this.take(data);
      if (this.#book.sequence > 0) open.resolve();
    };
    socket.onerror = (event) => open.reject(new Error((event as ErrorEvent).message));
    await bounded(open.promise, "the order book");
    for (let events = 0; events < WARM_UP; events++) this.publish();
    await this.allArrived();
    this.#latencies = [];
  }

  /** Publishes the next event: trades and changes of the order book take turns. */
  publish(): void {
    const [key, body, number] = this.#turn++ % 2 === 0
      ? this.#market.trade()
      : this.#market.bookEvent();
    this.#send(key, body, number);
  }

  /** Forgets the latencies of the events that have come. */
  measureFromHere(): void {
    this.#latencies = [];
    for (const key of this.#published.keys()) this.#published.set(key, NaN);
  }

  /** What was noticed; publishes the rest of the order book, and waits for what is under way. */
  async end(): Promise<Followed> {
    for (const [key, body, number] of this.#market.lastEvents()) this.#send(key, body, number);
    await this.allArrived().catch(() => {});
    if (this.#failure !== undefined) throw this.#failure;
    return {
      latencies: this.#latencies.filter((latency) => !Number.isNaN(latency)),
      events: this.#events,
      gaps: this.#gaps + this.#published.size,
      bookIsRight: this.#book.toString() === this.#market.book,
    };
  }

  /** One message of the server. */
  take(text: string): void {
    const now = performance.now();
    for (const [stream, value] of Object.entries(JSON.parse(text))) {
      if (stream === TRADES) {
        const { n } = value as { n: number };
        if (n !== this.#lastTrade + 1) this.#gaps++;
        this.#lastTrade = n;
        this.#came(`${stream} ${n}`, now);
      } else if (stream === INCREMENTS) {
        const increment = value as BookMessage;
        if (increment.sequence !== this.#book.sequence + 1) this.#gaps++;
        this.#book.apply(increment);
        this.#came(`${stream} ${increment.sequence}`, now);
      } else if (stream === SNAPSHOT) {
        this.#book.replace(value as BookMessage);
      }
    }
  }

  /** Resolves when each event that was published has come. */
  async allArrived(): Promise<void> {
    if (this.#published.size === 0) return;
    this.#arrived = Promise.withResolvers();
    const missing = () => `${this.#published.size} events that were published`;
    await bounded(this.#arrived.promise, missing, PATIENCE_MS);
  }

  [Symbol.dispose](): void {
    this.#socket?.close();
  }

  #send(key: string, body: string, number: number | undefined): void {
    // Snapshots are for the server.
    if (number !== undefined) {
      this.#published.set(`${key.slice("public.".length)} ${number}`, performance.now());
    }
    this.#publisher!.publish(key, body).catch((error) => this.#failure = error);
  }

  #came(event: string, now: number): void {
    const at = this.#published.get(event);
    if (at === undefined) return;
    this.#published.delete(event);
    this.#events++;
    this.#latencies.push(now - at);
    if (this.#published.size === 0) this.#arrived.resolve();
  }
}
