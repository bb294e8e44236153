import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { AccessError } from "./permissions.ts";
import { ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, replyCode } from "./reply_code.ts";

/**
 * Makes sure that the exchange exists, and returns an open channel.
 *
 * The exchange belongs to its publisher, so it is only looked up (a passive declaration, which no
 * difference in its properties can fail). Where it is missing it is created as Peatio creates it:
 * topic, not durable, not auto-deleted. RabbitMQ answers a lookup that finds nothing by closing the
 * channel, so the channel that is returned may be a second one.
 *
 * @param client connected
 * @param name of the exchange, `peatio.events.ranger`
 * @returns an open channel of that client, and whether the exchange was missing
 * @throws {AccessError} the exchange is missing, and the user may not create it
 * @throws the AMQP client's error when the broker refuses, or the connection is lost
 *
 * @example
 * ```ts
 * import { type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const client: AMQPClient;
 * const { channel } = await declareExchange(client, "peatio.events.ranger");
 * await channel.queueBind("ranger", "peatio.events.ranger", "#");
 * ```
 */
export async function declareExchange(
  client: AMQPClient,
  name: string,
): Promise<{ channel: AMQPChannel; created: boolean }> {
  const found = await openIf(client, (channel) => lookUp(channel, name), NOT_FOUND);
  if (found !== undefined) return { channel: found, created: false };
  const created = await openIf(
    client,
    (channel) => mayCreate(channel.exchangeDeclare(name, "topic", AS_PEATIO)),
    PRECONDITION_FAILED,
  );
  if (created !== undefined) return { channel: created, created: true };
  // Its publisher created it, with other properties, between the two requests.
  const channel = await client.channel();
  await lookUp(channel, name);
  return { channel, created: true };
}

/**
 * Whether an exchange exists, and whether the user could create it where it does not. Changes
 * nothing.
 *
 * RabbitMQ checks the permission before the arguments of a declaration, so an argument of the wrong
 * type tells a user without permission (403) from one with it (406), and creates nothing
 * (`exchange.declare` in rabbit_channel.erl, 3.8 to 4.0).
 *
 * @throws {AccessError} it does not exist, and the user may not create it
 */
export async function exchangeExists(client: AMQPClient, name: string): Promise<boolean> {
  if (await isDeclared(client, name)) return true;
  await openIf(
    client,
    (channel) => mayCreate(channel.exchangeDeclare(name, "topic", AS_PEATIO, INVALID)),
    PRECONDITION_FAILED,
  );
  return false;
}

/** Whether an exchange exists. */
export async function isDeclared(client: AMQPClient, name: string): Promise<boolean> {
  const found = await openIf(client, (channel) => lookUp(channel, name), NOT_FOUND);
  await found?.close();
  return found !== undefined;
}

/** Properties of Peatio's exchange. */
const AS_PEATIO = { durable: false, autoDelete: false };
/** The name of an exchange, which is text, as a number. */
const INVALID = { "alternate-exchange": 1 };

function lookUp(channel: AMQPChannel, name: string): Promise<void> {
  return channel.exchangeDeclare(name, "topic", { passive: true });
}

async function mayCreate(declared: Promise<void>): Promise<void> {
  try {
    await declared;
  } catch (error) {
    if (replyCode(error) !== ACCESS_REFUSED || !(error instanceof Error)) throw error;
    throw new AccessError("configure", error, true);
  }
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
