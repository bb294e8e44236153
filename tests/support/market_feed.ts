import { connectPublisher, type Publisher } from "./amqp.ts";
import { bounded, until } from "./bounded.ts";

/** Events between two snapshots. */
const BETWEEN_SNAPSHOTS = 100;

/**
 * An exchange that never rests: publishes trades and an order book as fast as the broker confirms
 * them, numbers all of them, and comes back by itself when the broker is gone.
 *
 * Trades are `{"n":1}`, `{"n":2}`, …; one increment of the book follows each, and a snapshot of
 * it every so often.
 *
 * @example
 * ```ts
 * await using feed = new MarketFeed(broker.url, exchange, "usdbtc");
 * await until(() => feed.published > 1000 || undefined, "a thousand trades");
 * ```
 */
export class MarketFeed implements AsyncDisposable {
  /** The number of the last trade, published or lost on the way. */
  published = 0;
  #sequence = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly exchange: string,
    private readonly market: string,
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
    const { market } = this;
    if (this.published % BETWEEN_SNAPSHOTS === 0) {
      const snapshot = { asks: [["2.0", "1.0"]], bids: [], sequence: this.#sequence };
      await publisher.publish(`public.${market}.ob-snap`, snapshot);
    }
    await publisher.publish(`public.${market}.trades`, { n: ++this.published });
    await publisher.publish(`public.${market}.ob-inc`, {
      asks: ["2.0", "1.0"],
      sequence: ++this.#sequence,
    });
  }
}
