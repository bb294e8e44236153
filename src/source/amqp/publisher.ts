import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { once } from "node:events";
import { parseAmqpUrl, showAmqpUrl } from "../../config/amqp_url.ts";
import { UnavailableError } from "../../errors.ts";
import { attemptsOf, brokerClient } from "./client.ts";
import { declareExchange } from "./exchange.ts";
import { explainFailure } from "./failure.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { withTimeout } from "./with_timeout.ts";

/** Milliseconds until a broker that does not answer counts as not there. */
const PATIENCE = 10_000;

/** Where and what to publish to. */
export interface PublisherOptions extends TlsFiles {
  /** `amqp://user:password@host:5672/vhost`; of several the first that answers is taken. */
  readonly urls: readonly string[];
  readonly exchange: string;
  /** What RabbitMQ's list of connections shows. */
  readonly name: string;
}

/**
 * Publishes events as the exchange does, one after the other, each confirmed by the broker.
 *
 * @example
 * ```ts
 * const publisher = await Publisher.connect({ ...settings.amqp, name: "ranger publish" });
 * try {
 *   await publisher.publish("public.usdbtc.trades", new TextEncoder().encode('{"trades":[]}'));
 * } finally {
 *   await publisher.close();
 * }
 * ```
 */
export class Publisher {
  readonly #client: AMQPClient;
  readonly #channel: AMQPChannel;
  readonly #exchange: string;
  readonly #address: string;
  /** Rejects when the broker takes nothing from publishers any more. */
  readonly #refused: Promise<never>;
  #returned = false;

  private constructor(client: AMQPClient, channel: AMQPChannel, exchange: string, url: string) {
    this.#client = client;
    this.#channel = channel;
    this.#exchange = exchange;
    this.#address = shown(url);
    const { promise, reject } = Promise.withResolvers<never>();
    this.#refused = promise;
    // Awaited only while an event is on its way.
    promise.catch(() => {});
    client.onblocked = (reason) =>
      reject(new Error(`it takes nothing from publishers now: ${reason} (see rabbitmqctl status)`));
    channel.onReturn = () => {
      this.#returned = true;
    };
  }

  /**
   * Connects, and makes sure that the exchange is there.
   *
   * @throws {UnavailableError} the broker is not there, refuses the user, or has no such vhost
   * @throws {ConfigurationError} a file for TLS cannot be used
   */
  static async connect(options: PublisherOptions): Promise<Publisher> {
    const { urls, exchange, name } = options;
    const tls = await readTls(options);
    const reasons: string[] = [];
    for (const url of urls) {
      const client = brokerClient(url, tls);
      client.name = name;
      try {
        const opened = Publisher.#open(client, exchange, url);
        return await withTimeout(PATIENCE, opened, () => attemptsOf(client));
      } catch (error) {
        // A connection that was not finished has no orderly end.
        client.socket?.destroy();
        reasons.push(`at ${shown(url)}: ${explainFailure(error).text}`);
      }
    }
    const setting = urls.length === 1 ? "amqp.url" : "amqp.urls";
    throw new UnavailableError(
      `${setting}: cannot publish to ${exchange} ${reasons.join(", nor ")}`,
    );
  }

  static async #open(client: AMQPClient, exchange: string, url: string): Promise<Publisher> {
    await client.connect();
    const channel = await declareExchange(client, exchange);
    await channel.confirmSelect();
    return new Publisher(client, channel, exchange, url);
  }

  /**
   * Sends one event and waits until the broker has it. One at a time.
   *
   * @param routingKey `public.usdbtc.trades`
   * @param body sent as it is
   * @returns whether any queue took it; false when nobody listens
   * @throws {UnavailableError} the broker went away or refused it
   */
  async publish(routingKey: string, body: Uint8Array): Promise<boolean> {
    this.#returned = false;
    const properties = { contentType: "application/json", deliveryMode: 1 };
    try {
      // "mandatory": what no queue takes comes back, and before its confirmation.
      const confirmed = this.#channel.basicPublish(
        this.#exchange,
        routingKey,
        body,
        properties,
        true,
      );
      await withTimeout(PATIENCE, Promise.race([confirmed, this.#refused]));
    } catch (error) {
      throw new UnavailableError(
        `the broker at ${this.#address} did not take the event for ${this.#exchange}: ` +
          explainFailure(error).text,
      );
    }
    return !this.#returned;
  }

  /** Says goodbye to the broker. Never throws: everything published is confirmed already. */
  async close(): Promise<void> {
    const { socket } = this.#client;
    if (socket === undefined || socket.destroyed) return;
    const gone = once(socket, "close").catch(() => {});
    try {
      // A broker that takes nothing from publishers does not even read their goodbye.
      if (this.#client.blocked !== undefined) throw new Error(this.#client.blocked);
      await withTimeout(PATIENCE, this.#client.close());
    } catch {
      socket.destroy();
    }
    await gone;
  }
}

function shown(url: string): string {
  const address = parseAmqpUrl(url);
  return typeof address === "string" ? "the address given" : showAmqpUrl(address);
}
