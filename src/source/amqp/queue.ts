import type { AMQPChannel, AMQPClient, AMQPConsumer } from "@cloudamqp/amqp-client";
import { hostname } from "node:os";
import { declareExchange } from "./exchange.ts";
import { bindPermission, needing } from "./permissions.ts";

/** What Ranger's queue is, and what it is bound to. */
export interface QueueOptions {
  readonly exchange: string;
  /** Bounds of the queue, in messages and bytes; past them the broker drops the oldest. */
  readonly queueLength: number;
  readonly queueBytes: number;
}

/** Everything that the exchange publishes. */
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
 * const { channel, queue } = await openQueue(client, settings.amqp);
 * await consume(channel, queue);
 * ```
 */
export async function openQueue(
  client: AMQPClient,
  options: QueueOptions,
): Promise<{ channel: AMQPChannel; queue: string }> {
  const { exchange } = options;
  const channel = await declareExchange(client, exchange);
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
        "x-max-length-bytes": queueBytes,
        "x-overflow": "drop-head",
      },
    ),
  );
  return name;
}

/** Binds the queue to everything that the exchange publishes. */
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
 * Binds the queue again every so often, for as long as the connection lasts. Who deletes the
 * exchange, or the binding, tells nobody: the connection stays, and no event ever comes again. A
 * binding that was taken away is back then; where the exchange is gone the broker closes the
 * channel, which ends the consumer, and the next connection declares the exchange again. An exchange
 * declared again as something else takes the binding, and may hand on nothing by it: that is for
 * `judge` to say.
 *
 * @param seconds between two times
 * @param judge looks at the exchange; what it throws ends the connection
 *
 * @example
 * ```ts
 * keepBound(client, channel, queue, "peatio.events.ranger", 20, () => judge(client));
 * ```
 */
export function keepBound(
  client: AMQPClient,
  channel: AMQPChannel,
  queue: string,
  exchange: string,
  seconds: number,
  judge: () => Promise<void>,
): void {
  let asked = false;
  const timer = setInterval(async () => {
    // A broker that has not answered yet is not asked again; heartbeats tell whether it lives.
    if (asked) return;
    asked = true;
    try {
      await bindQueue(channel, queue, exchange);
      await judge();
    } catch (error) {
      // Where the broker refused to bind, or is gone, the consumer has ended by that already.
      if (!channel.closed) client.socket?.destroy(error as Error);
    }
    asked = false;
  }, seconds * 1000);
  client.socket?.once("close", () => clearInterval(timer));
}

/** `ranger.<host>.<pid>.<random>`: who it is of is seen in RabbitMQ's list of queues. */
function queueName(): string {
  return `ranger.${hostname()}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}`;
}
