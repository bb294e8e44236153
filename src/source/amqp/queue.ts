import type { AMQPChannel, AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { hostname } from "node:os";
import { declareExchange } from "./exchange.ts";
import { bindPermission, needing } from "./permissions.ts";

/** The settings about Ranger's queue. */
export interface QueueOptions {
  readonly exchange: string;
  /** Maximum length of the queue in messages and bytes; above it the broker drops the oldest. */
  readonly queueLength: number;
  readonly queueBytes: number;
}

/** The binding key that matches every routing key. */
const ALL = "#";

/**
 * Declares a queue of this process and binds it to everything that the exchange publishes.
 *
 * @param client connected
 * @returns the queue's name, and the channel to consume it on
 * @throws {AccessError} the user lacks a permission
 * @throws the AMQP client's error when the broker refuses, or the connection is lost
 *
 * @example
 * ```ts
 * import { type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const [client, options]: [AMQPClient, QueueOptions];
 * const { channel, queue } = await openQueue(client, options);
 * await consume(channel, queue);
 * ```
 */
export async function openQueue(
  client: AMQPClient,
  options: QueueOptions,
): Promise<{ channel: AMQPChannel; queue: string }> {
  const { exchange } = options;
  const { channel } = await declareExchange(client, exchange);
  const queue = await declareQueue(channel, options);
  await bindQueue(channel, queue, exchange);
  return { channel, queue };
}

/**
 * Declares a queue that is exclusive and auto-deleted, so that it goes with the connection, and
 * bounded, so that a process that is stopped cannot fill the broker.
 *
 * @returns its name
 */
export async function declareQueue(
  channel: AMQPChannel,
  { queueLength, queueBytes }: QueueOptions,
): Promise<string> {
  const { name } = await needing(
    "configure",
    channel.queueDeclare(
      queueName(),
      { durable: false, exclusive: true, autoDelete: true },
      {
        "x-max-length": queueLength,
        // The library writes numbers from 2^31 to 2^32 as negative ones.
        "x-max-length-bytes": BigInt(queueBytes),
        "x-overflow": "drop-head",
      },
    ),
  );
  return name;
}

/** Binds a queue or stream to everything that the exchange publishes. */
export async function bindQueue(
  channel: AMQPChannel,
  queue: string,
  exchange: string,
): Promise<void> {
  await needing(bindPermission, channel.queueBind(queue, exchange, ALL));
}

/**
 * Consumes the queue without acknowledgements. Deliveries do not come to the consumer
 * ({@linkcode takeDeliveries}), whose `wait` ends when there are no more.
 */
export async function consume(channel: AMQPChannel, queue: string): Promise<AMQPConsumer> {
  const options = { noAck: true, exclusive: true };
  return await needing("read", channel.basicConsume(queue, options, () => {}));
}

/**
 * Binds the queue again at an interval, for as long as the connection lasts.
 *
 * The broker does not notify consumers when an operator deletes the exchange or the binding: the
 * connection stays, and no event arrives any more. Binding again restores a deleted binding. Where
 * the exchange is deleted, the broker closes the channel, which ends the consumer, and the next
 * connection creates the exchange. An exchange that was declared again with another type accepts
 * the binding, but may deliver nothing by it, so its type is checked as well.
 *
 * @param seconds between two times
 * @param checkExchange rejects where the exchange delivers nothing, which ends the connection
 *
 * @example
 * ```ts
 * import { type AMQPChannel, type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const [client, channel]: [AMQPClient, AMQPChannel];
 * keepBound(client, channel, "ranger", "peatio.events.ranger", 20, async () => {});
 * ```
 */
export function keepBound(
  client: AMQPClient,
  channel: AMQPChannel,
  queue: string,
  exchange: string,
  seconds: number,
  checkExchange: () => Promise<void>,
): void {
  let isPending = false;
  const timer = setInterval(async () => {
    // One request at a time: whether the broker answers at all is for heartbeats to find out.
    if (isPending) return;
    isPending = true;
    try {
      await bindQueue(channel, queue, exchange);
      await checkExchange();
    } catch (error) {
      // Where the broker refused to bind, or the connection is lost, the consumer has ended already.
      if (!channel.closed) client.socket?.destroy(error as Error);
    }
    isPending = false;
  }, seconds * 1000);
  client.socket?.once("close", () => clearInterval(timer));
}

/** `ranger.<host>.<pid>.<random>`, so that RabbitMQ's list of queues shows the process. */
function queueName(): string {
  return `ranger.${hostname()}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}`;
}
