import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";

/** Reply codes (AMQP 0-9-1 §1.1). */
export const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
export const PRECONDITION_FAILED = 406;

/**
 * Makes sure that the exchange exists, and hands back an open channel to go on with.
 *
 * The exchange belongs to whoever publishes to it, so it is only looked up (a passive
 * declaration, which no difference in its properties can fail). Where it is missing it is created
 * as Peatio creates it: topic, not durable, not auto-deleted. RabbitMQ answers a lookup that
 * finds nothing by closing the channel, which is why the channel handed back may be a second one.
 *
 * @param client connected
 * @param name of the exchange, `peatio.events.ranger`
 * @returns an open channel of that client
 * @throws the AMQP client's error when the broker refuses, or the connection is lost
 *
 * @example
 * ```ts
 * const channel = await declareExchange(client, "peatio.events.ranger");
 * await channel.queueBind(queue, "peatio.events.ranger", "#");
 * ```
 */
export async function declareExchange(client: AMQPClient, name: string): Promise<AMQPChannel> {
  const found = await openIf(client, (channel) => lookUp(channel, name), NOT_FOUND);
  if (found !== undefined) return found;
  const created = await openIf(client, (channel) => create(channel, name), PRECONDITION_FAILED);
  if (created !== undefined) return created;
  // Its owner created it, with other properties, between our two questions.
  const channel = await client.channel();
  await lookUp(channel, name);
  return channel;
}

function lookUp(channel: AMQPChannel, name: string): Promise<void> {
  return channel.exchangeDeclare(name, "topic", { passive: true });
}

function create(channel: AMQPChannel, name: string): Promise<void> {
  return channel.exchangeDeclare(name, "topic", { durable: false, autoDelete: false });
}

/** A channel on which `work` succeeded, or undefined when the broker closed it with `reply`. */
async function openIf(
  client: AMQPClient,
  work: (channel: AMQPChannel) => Promise<void>,
  reply: number,
): Promise<AMQPChannel | undefined> {
  const channel = await client.channel();
  try {
    await work(channel);
    return channel;
  } catch (error) {
    if (replyCode(error) === reply) return undefined;
    throw error;
  }
}

/**
 * The AMQP reply code in an error of the client, which carries it in its text only:
 * `channel 1 closed: NOT_FOUND - no exchange 'x' in vhost '/' (404)`.
 *
 * @returns 403, 404, 406, …; undefined when the error does not come from the broker
 */
export function replyCode(error: unknown): number | undefined {
  const code = error instanceof Error ? /\((\d{3})\)$/.exec(error.message)?.[1] : undefined;
  return code === undefined ? undefined : Number(code);
}
