import type { AMQPClient } from "@cloudamqp/amqp-client";
import type { Settings } from "../../config/shape.ts";
import { attemptsOf, brokerClient } from "../../source/amqp/client.ts";
import { exchangeExists } from "../../source/amqp/exchange.ts";
import { ExchangeType, UNFIT } from "../../source/amqp/exchange_type.ts";
import { explainFailure, unfitExchange } from "../../source/amqp/failure.ts";
import { bindQueue, consume, declareQueue } from "../../source/amqp/queue.ts";
import { NOT_FOUND, replyCode } from "../../source/amqp/reply_code.ts";
import type { TlsOptions } from "../../source/amqp/tls.ts";
import { withTimeout } from "../../source/amqp/with_timeout.ts";

/** Milliseconds that the broker may take to answer. */
const ANSWER_TIMEOUT = 10_000;

/** The result of trying a broker. */
export interface BrokerFinding {
  readonly ok: boolean;
  /** For people, without secrets. */
  readonly text: string;
}

/**
 * Connects to the broker and does what serve does: looks the exchange up, declares a queue, binds
 * and consumes it. The queue is deleted afterwards; a missing exchange is not created.
 *
 * @param url with user and password
 * @param tls for amqps://
 * @returns what was found; failures of the broker or the network are not thrown
 */
export async function checkBroker(
  url: string,
  amqp: Settings["amqp"],
  tls: TlsOptions,
): Promise<BrokerFinding> {
  const client = brokerClient(url, tls);
  client.name = "ranger check";
  try {
    return await withTimeout(ANSWER_TIMEOUT, tryAll(client, amqp), () => attemptsOf(client));
  } catch (error) {
    const { text, advice } = explainFailure(error, { url, exchange: amqp.exchange });
    return { ok: false, text: `${text}; ${advice}` };
  } finally {
    // Cut, because a stuck broker would never answer a proper close.
    client.socket?.destroy();
  }
}

async function tryAll(client: AMQPClient, amqp: Settings["amqp"]): Promise<BrokerFinding> {
  const { exchange } = amqp;
  await client.connect();
  const exists = await exchangeExists(client, exchange);
  if (exists && await new ExchangeType(exchange).find(client) === UNFIT) {
    throw unfitExchange(exchange, UNFIT);
  }
  const channel = await client.channel();
  const queue = await declareQueue(channel, amqp);
  await consume(channel, queue);
  if (exists) await bindQueue(channel, queue, exchange);
  else await tryToBind(client, queue, exchange);
  // Where an operator has deleted it meanwhile, deleting it succeeds as well.
  await channel.queueDelete(queue);
  await client.close().catch(() => {});
  const what = exists
    ? `exchange ${exchange} exists`
    : `exchange ${exchange} does not exist: it will be created (topic, not durable)`;
  return {
    ok: true,
    text: `connected; ${what}; a queue was declared, ${
      exists ? "bound, " : ""
    }consumed and deleted`,
  };
}

/** To a missing exchange nothing can be bound, but the permission is checked before that. */
async function tryToBind(client: AMQPClient, queue: string, exchange: string): Promise<void> {
  try {
    await bindQueue(await client.channel(), queue, exchange);
  } catch (error) {
    if (replyCode(error) !== NOT_FOUND) throw error;
  }
}
