import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { hostname } from "node:os";
import { declareExchange } from "./exchange.ts";

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
 * Declares a queue of Ranger's own and binds it to all that the exchange publishes.
 *
 * It is exclusive and auto-deleted, so that it goes with the connection, and bounded, so that a
 * Ranger that is stopped cannot fill the broker.
 *
 * @param client connected
 * @returns the queue's name, and the channel to consume it on
 * @throws the AMQP client's error when the broker refuses, or the connection is lost
 *
 * @example
 * ```ts
 * const { channel, queue } = await openQueue(client, settings.amqp);
 * await channel.basicConsume(queue, { noAck: true, exclusive: true }, () => {});
 * ```
 */
export async function openQueue(
  client: AMQPClient,
  { exchange, queueLength, queueBytes }: QueueOptions,
): Promise<{ channel: AMQPChannel; queue: string }> {
  const channel = await declareExchange(client, exchange);
  const { name: queue } = await channel.queueDeclare(
    queueName(),
    { durable: false, exclusive: true, autoDelete: true },
    {
      "x-max-length": queueLength,
      "x-max-length-bytes": queueBytes,
      "x-overflow": "drop-head",
    },
  );
  await channel.queueBind(queue, exchange, ALL);
  return { channel, queue };
}

/**
 * Binds the queue again every so often, for as long as the connection lasts. Who deletes the
 * exchange, or the binding, tells nobody: the connection stays, and no event ever comes again. A
 * binding that was taken away is back then; where the exchange is gone the broker closes the
 * channel, which ends the consumer, and the next connection makes the exchange anew. An exchange
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
      await channel.queueBind(queue, exchange, ALL);
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
