import { setTimeout as pause } from "node:timers/promises";
import { type ConfirmedChannel, publishWhileConnected } from "../harness/confirmed_publishing.ts";

/** Milliseconds between two handfuls of events. */
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
    url: string,
    exchange: string,
    users: readonly string[],
    private readonly rate: number,
  ) {
    this.exchange = exchange;
    this.confirmed = new Map(users.map((user) => [user, []]));
    this.#running = publishWhileConnected(
      url,
      exchange,
      () => this.#stopped,
      (channel) => this.#publish(channel),
    );
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

  async #publish(channel: ConfirmedChannel): Promise<void> {
    const began = performance.now();
    const users = [...this.confirmed.keys()];
    let snapshots = 0;
    for (let events = 0; !this.#stopped;) {
      const seconds = (performance.now() - began) / 1000;
      if (seconds >= snapshots * SNAPSHOT_SECONDS) {
        snapshots++;
        channel.send("public.usdbtc.ob-snap", this.#snapshot());
      }
      for (; events < seconds * this.rate; events++) {
        if (events % 10 === 0) channel.send("public.usdbtc.ob-inc", this.#increment());
        const n = this.#count++;
        const user = users[n % users.length]!;
        const numbers = this.confirmed.get(user)!;
        channel.send(`private.${user}.order`, `{"id":${n},"state":"done"}`, () => numbers.push(n));
      }
      await channel.during(pause(TICK_MS));
    }
    await channel.allConfirmed(2_000);
  }

  #snapshot(): string {
    return `{"asks":[["11.0","1.0"]],"bids":[["10.0","1.0"]],"sequence":${this.#sequence}}`;
  }

  #increment(): string {
    return `{"bids":["9.0","${++this.#sequence}.0"],"sequence":${this.#sequence}}`;
  }
}
