import { AMQPError } from "@cloudamqp/amqp-client";
import { amqp } from "../../testing/amqp.ts";
import { bounded } from "../../testing/bounded.ts";

/** Milliseconds between two handfuls of events, and between two attempts to connect. */
const TICK_MS = 20;
/** Seconds between two snapshots of the book: Peatio publishes one every minute. */
const SNAPSHOT_SECONDS = 40;

/**
 * An exchange that publishes numbered private events at a steady rate, round the users, and one order
 * book; and knows what RabbitMQ confirmed. It reconnects by itself, and never sends an event twice.
 */
export class ConfirmedPublisher implements AsyncDisposable {
  /** For each user the numbers that RabbitMQ confirmed, rising. */
  readonly confirmed: ReadonlyMap<string, number[]>;
  /** Names the exchange that it publishes to. */
  readonly exchange: string;
  #sequence = 0;
  #count = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  /**
   * @param url of the broker
   * @param exchange declared as Peatio does
   * @param users that private events go to
   * @param rate private events a second
   */
  constructor(
    private readonly url: string,
    exchange: string,
    users: readonly string[],
    private readonly rate: number,
  ) {
    this.exchange = exchange;
    this.confirmed = new Map(users.map((user) => [user, []]));
    this.#running = this.#run();
  }

  /** How many events were confirmed. */
  get count(): number {
    return this.confirmed.values().reduce((sum, numbers) => sum + numbers.length, 0);
  }

  /** Stops after what is under way is confirmed or failed. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    // The library rejects internal promises when the broker closes the connection.
    const excuse = (event: PromiseRejectionEvent) => {
      if (event.reason instanceof AMQPError) event.preventDefault();
    };
    addEventListener("unhandledrejection", excuse);
    try {
      while (!this.#stopped) await this.#publishWhileConnected();
    } finally {
      removeEventListener("unhandledrejection", excuse);
    }
  }

  async #publishWhileConnected(): Promise<void> {
    const connected = await amqp(this.url).catch(() => undefined);
    if (connected === undefined) return await pause(TICK_MS);
    const { client, channel } = connected;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const unconfirmed = new Set<Promise<unknown>>();
    const send = (key: string, body: string, confirmed: () => void = () => {}): void => {
      const sent = channel.basicPublish(this.exchange, key, body).then(confirmed, failed.reject)
        .finally(() => unconfirmed.delete(sent));
      unconfirmed.add(sent);
    };
    try {
      await channel.exchangeDeclare(this.exchange, "topic", { durable: false });
      const began = performance.now();
      const users = [...this.confirmed.keys()];
      let snapshots = 0;
      for (let events = 0; !this.#stopped;) {
        const seconds = (performance.now() - began) / 1000;
        if (seconds >= snapshots * SNAPSHOT_SECONDS) {
          snapshots++;
          send("public.usdbtc.ob-snap", this.#snapshot());
        }
        for (; events < seconds * this.rate; events++) {
          if (events % 10 === 0) send("public.usdbtc.ob-inc", this.#increment());
          const n = this.#count++;
          const user = users[n % users.length]!;
          const numbers = this.confirmed.get(user)!;
          send(`private.${user}.order`, `{"id":${n},"state":"done"}`, () => numbers.push(n));
        }
        await Promise.race([pause(TICK_MS), failed.promise]);
      }
      await Promise.race([Promise.all(unconfirmed), failed.promise, pause(2_000)]);
    } catch {
      // The broker is gone, and what it did not confirm may be lost or not.
    } finally {
      await bounded(client.close(), "the broker's goodbye", 500).catch(() => {});
    }
  }

  #snapshot(): string {
    return `{"asks":[["11.0","1.0"]],"bids":[["10.0","1.0"]],"sequence":${this.#sequence}}`;
  }

  #increment(): string {
    return `{"bids":["9.0","${++this.#sequence}.0"],"sequence":${this.#sequence}}`;
  }
}

/** Milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
