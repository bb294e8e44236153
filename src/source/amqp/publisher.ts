import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { once } from "node:events";
import { parseAmqpUrl, showAmqpUrl } from "../../config/amqp_url.ts";
import { UnavailableError } from "../../errors.ts";
import { attemptsOf, brokerClient } from "./client.ts";
import { declareExchange } from "./exchange.ts";
import { explainFailure } from "./failure.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { withTimeout } from "./with_timeout.ts";

/** Milliseconds that the broker may take to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The broker and the exchange to publish to. */
export interface PublisherOptions extends TlsFiles {
  /** `amqp://user:password@host:5672/vhost`; the first broker that answers is used. */
  readonly urls: readonly string[];
  readonly exchange: string;
  /** Shown in RabbitMQ's list of connections. */
  readonly name: string;
}

/**
 * Publishes events one at a time, each confirmed by the broker.
 *
 * @example
 * ```ts
 * declare const options: PublisherOptions;
 * const publisher = await Publisher.connect(options);
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
  /** Rejects when the broker blocks publishers. */
  readonly #refused: Promise<never>;
  #returned = false;

  private constructor(client: AMQPClient, channel: AMQPChannel, exchange: string, url: string) {
    this.#client = client;
    this.#channel = channel;
    this.#exchange = exchange;
    this.#address = shown(url);
    const { promise, reject } = Promise.withResolvers<never>();
    this.#refused = promise;
    // Awaited only while an event is being published.
    promise.catch(() => {});
    client.onblocked = (reason) =>
      reject(new Error(`it blocks publishers: ${reason} (see rabbitmqctl status)`));
    channel.onReturn = () => {
      this.#returned = true;
    };
  }

  /**
   * Connects, and creates the exchange where it does not exist.
   *
   * @throws {UnavailableError} the broker cannot be reached, refuses the user, or has no such vhost
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
        return await withTimeout(ANSWER_TIMEOUT_MS, opened, () => attemptsOf(client));
      } catch (error) {
        // A connection that is not open yet cannot be closed properly.
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
    const { channel } = await declareExchange(client, exchange);
    await channel.confirmSelect();
    return new Publisher(client, channel, exchange, url);
  }

  /**
   * Publishes one event and waits for the broker's confirmation. Call it once at a time.
   *
   * @param routingKey `public.usdbtc.trades`
   * @param body sent as it is
   * @returns whether it was routed to a queue
   * @throws {UnavailableError} the connection was lost, or the broker refused the event
   */
  async publish(routingKey: string, body: Uint8Array): Promise<boolean> {
    this.#returned = false;
    const properties = { contentType: "application/json", deliveryMode: 1 };
    try {
      // "mandatory": an event that is routed to no queue is returned before its confirmation.
      const confirmed = this.#channel.basicPublish(
        this.#exchange,
        routingKey,
        body,
        properties,
        true,
      );
      await withTimeout(ANSWER_TIMEOUT_MS, Promise.race([confirmed, this.#refused]));
    } catch (error) {
      throw new UnavailableError(
        `the broker at ${this.#address} did not take the event for ${this.#exchange}: ` +
          explainFailure(error).text,
      );
    }
    return !this.#returned;
  }

  /** Closes the connection. Never throws: everything published is confirmed already. */
  async close(): Promise<void> {
    const { socket } = this.#client;
    if (socket === undefined || socket.destroyed) return;
    const gone = once(socket, "close").catch(() => {});
    try {
      // A broker that blocks publishers does not read their close either.
      if (this.#client.blocked !== undefined) throw new Error(this.#client.blocked);
      await withTimeout(ANSWER_TIMEOUT_MS, this.#client.close());
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
