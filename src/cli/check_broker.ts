import type { AMQPClient } from "@cloudamqp/amqp-client";
import { brokerClient } from "../source/amqp/client.ts";
import { replyCode } from "../source/amqp/exchange.ts";
import { explainFailure } from "../source/amqp/failure.ts";
import { withTimeout } from "../source/amqp/with_timeout.ts";

/** Milliseconds that the broker may take to answer. */
const ANSWER_TIMEOUT = 10_000;

/** The result of trying a broker. */
export interface BrokerFinding {
  readonly ok: boolean;
  /** For people, without secrets. */
  readonly text: string;
}

/**
 * Connects to the broker and looks up the exchange, without changing anything.
 *
 * @param url with user and password
 * @param exchange that Ranger would consume from
 * @returns what was found; failures of the broker or the network are not thrown
 */
export async function checkBroker(url: string, exchange: string): Promise<BrokerFinding> {
  const client = brokerClient(url);
  client.name = "ranger check";
  try {
    return await withTimeout(ANSWER_TIMEOUT, lookUp(client, exchange));
  } catch (error) {
    const { text, advice } = explainFailure(error);
    return { ok: false, text: `${text}; ${advice}` };
  } finally {
    // Cut, because a stuck broker would never answer a proper close.
    client.socket?.destroy();
  }
}

async function lookUp(client: AMQPClient, exchange: string): Promise<BrokerFinding> {
  await client.connect();
  const channel = await client.channel();
  let text = `connected; exchange ${exchange} exists`;
  try {
    await channel.exchangeDeclare(exchange, "topic", { passive: true });
  } catch (error) {
    if (replyCode(error) !== 404) throw error;
    text =
      `connected; exchange ${exchange} does not exist: it will be created (topic, not durable)`;
  }
  await client.close().catch(() => {});
  return { ok: true, text };
}
