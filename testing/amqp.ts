import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";

/** Publishes as the exchange would: to one topic exchange, each event confirmed by the broker. */
export interface Publisher extends AsyncDisposable {
  readonly exchange: string;
  /**
   * Publishes one event; resolves when the broker has taken it.
   *
   * @param routingKey `public.usdbtc.trades`, `private.ID123.order`, …
   * @param body text and bytes go out as they are, anything else as JSON
   */
  publish(routingKey: string, body: unknown): Promise<void>;
  close(): Promise<void>;
}

/** A name that no other test uses. */
export function randomExchange(): string {
  return `ranger.test.${crypto.randomUUID()}`;
}

/**
 * A connection of the AMQP library with one channel in confirm mode.
 *
 * @param url with user and password
 * @example
 * ```ts
 * const { client, channel } = await amqp("amqp://127.0.0.1:5672");
 * await channel.exchangeDelete("events");
 * await client.close();
 * ```
 */
export async function amqp(url: string): Promise<{ client: AMQPClient; channel: AMQPChannel }> {
  const client = new AMQPClient(url, undefined, null);
  await client.connect();
  client.socket?.setNoDelay(true);
  const channel = await client.channel();
  await channel.confirmSelect();
  return { client, channel };
}

/**
 * Connects a publisher and declares its exchange as the exchange does: topic, non-durable, not
 * auto-deleted.
 *
 * @param url with user and password
 * @param exchange declared where it is missing
 * @throws AMQPError when the broker cannot be reached or refuses
 * @example
 * ```ts
 * await using publisher = await connectPublisher("amqp://127.0.0.1:5672", randomExchange());
 * await publisher.publish("public.usdbtc.trades", { trades: [] });
 * await publisher.publish("public.usdbtc.trades", '{"trades": [ ]}');
 * ```
 */
export async function connectPublisher(url: string, exchange: string): Promise<Publisher> {
  const { client, channel } = await amqp(url);
  await channel.exchangeDeclare(exchange, "topic", { durable: false, autoDelete: false });
  async function close(): Promise<void> {
    if (client.closed) return;
    const gone = new Promise((resolve) => client.socket?.once("close", resolve));
    await client.close();
    await gone;
  }
  return {
    exchange,
    async publish(routingKey, body) {
      const bytes = body instanceof Uint8Array || typeof body === "string"
        ? body
        : JSON.stringify(body);
      await channel.basicPublish(exchange, routingKey, bytes);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
