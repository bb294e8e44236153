import { AMQPError } from "@cloudamqp/amqp-client";
import { setTimeout as pause } from "node:timers/promises";
import { amqp } from "../../testing/amqp.ts";
import { bounded } from "../../testing/bounded.ts";

/** Milliseconds until a connection is tried again, and for its goodbye. */
const RETRY_MS = 20;
const GOODBYE_MS = 1_000;

/** One connection to the broker, on which each event is confirmed. */
export class ConfirmedChannel {
  readonly #publish: (key: string, body: string) => Promise<unknown>;
  readonly #failed = Promise.withResolvers<never>();
  readonly #unconfirmed = new Set<Promise<unknown>>();

  constructor(publish: (key: string, body: string) => Promise<unknown>) {
    this.#publish = publish;
    this.#failed.promise.catch(() => {});
  }

  /** Publishes an event. @param confirmed called when the broker has taken it */
  send(key: string, body: string, confirmed: () => void = () => {}): void {
    const sent = this.#publish(key, body).then(confirmed, this.#failed.reject)
      .finally(() => this.#unconfirmed.delete(sent));
    this.#unconfirmed.add(sent);
  }

  /** How many events the broker has not confirmed yet. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** Waits for something else, but not if an event could not be published: then it rejects. */
  async during(something: Promise<unknown>): Promise<void> {
    await Promise.race([something, this.#failed.promise]);
  }

  /** Resolves when one more event is confirmed. */
  async nextConfirm(): Promise<void> {
    await this.during(Promise.race(this.#unconfirmed));
  }

  /** Resolves when all are. @param within milliseconds after which it resolves all the same */
  async allConfirmed(within?: number): Promise<void> {
    const all = Promise.all(this.#unconfirmed);
    await this.during(within === undefined ? all : Promise.race([all, pause(within)]));
  }
}

/**
 * Publishes as the exchange does, on one connection after the other, while the broker comes and goes.
 *
 * @param url of the broker
 * @param exchange declared as Peatio does
 * @param isOver asked before each connection
 * @param publish called with each one, until it returns or throws; what the broker did not confirm by
 * then may be lost or not
 */
export async function publishWhileConnected(
  url: string,
  exchange: string,
  isOver: () => boolean,
  publish: (channel: ConfirmedChannel) => Promise<void>,
): Promise<void> {
  // The library rejects internal promises when the broker closes the connection.
  const excuse = (event: PromiseRejectionEvent) => {
    if (event.reason instanceof AMQPError) event.preventDefault();
  };
  addEventListener("unhandledrejection", excuse);
  try {
    while (!isOver()) {
      const connected = await amqp(url).catch(() => undefined);
      if (connected === undefined) {
        await pause(RETRY_MS);
        continue;
      }
      const { client, channel } = connected;
      try {
        await channel.exchangeDeclare(exchange, "topic", { durable: false });
        await publish(
          new ConfirmedChannel((key, body) => channel.basicPublish(exchange, key, body)),
        );
      } catch {
        // The broker is gone.
      } finally {
        await bounded(client.close(), "the broker's goodbye", GOODBYE_MS).catch(() => {});
      }
    }
  } finally {
    removeEventListener("unhandledrejection", excuse);
  }
}
