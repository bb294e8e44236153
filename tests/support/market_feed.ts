import { connectPublisher, type Publisher } from "../../testing/amqp.ts";
import { bounded, until } from "../../testing/bounded.ts";

/** Events between two snapshots. */
const BETWEEN_SNAPSHOTS = 100;

/** A market of the feed. */
export interface FeedMarket {
  readonly id: string;
  /** Whether its book carries sequences; those of the older exchanges do not. */
  readonly sequenced: boolean;
}

/**
 * An exchange that never rests: publishes trades and order books as fast as the broker confirms
 * them, numbers all of them, and comes back by itself when the broker is gone.
 *
 * Trades are `{"n":1}`, `{"n":2}`, …. One increment of the book goes with each, and a snapshot of
 * it every so often. A book has one level, whose amount is the number of what changed it last:
 * `{"asks":["2.0","7"]}`.
 *
 * @example
 * ```ts
 * const markets = [{ id: "usdbtc", sequenced: true }];
 * await using feed = new MarketFeed("amqp://127.0.0.1:5672", "peatio.events.ranger", markets);
 * ```
 */
export class MarketFeed implements AsyncDisposable {
  /** Of the last trade of every market, published or lost on the way. */
  #number = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly exchange: string,
    private readonly markets: readonly FeedMarket[],
  ) {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const publisher = await until(
        () => connectPublisher(this.url, this.exchange).catch(() => undefined),
        "the broker to take a publisher",
        // As long as a broker may take to start.
        120_000,
      );
      try {
        while (!this.#stopped) await this.#publish(publisher);
      } catch {
        // The broker is gone. What was on its way may be lost, and its number with it.
      } finally {
        // A goodbye that the broker's end cuts off is not answered, and not given up either.
        await bounded(publisher.close(), "the broker's goodbye", 1_000).catch(() => {});
      }
    }
  }

  async #publish(publisher: Publisher): Promise<void> {
    const number = ++this.#number;
    for (const { id, sequenced } of this.markets) {
      const book = (asks: unknown, at: number) => ({
        asks,
        ...(sequenced ? { sequence: at } : {}),
      });
      if (number % BETWEEN_SNAPSHOTS === 2) {
        const before = number - 1;
        await publisher.publish(`public.${id}.ob-snap`, book([["2.0", String(before)]], before));
      }
      await publisher.publish(`public.${id}.trades`, { n: number });
      await publisher.publish(`public.${id}.ob-inc`, book(["2.0", String(number)], number));
    }
  }
}
