import type { AMQPClient } from "@cloudamqp/amqp-client";
import { attemptsOf, brokerClient } from "../source/amqp/client.ts";
import { replyCode } from "../source/amqp/exchange.ts";
import { explainFailure } from "../source/amqp/failure.ts";
import { withTimeout } from "../source/amqp/with_timeout.ts";

/** Milliseconds that the broker may take to answer. */
const PATIENCE = 10_000;

/** What a trial of the broker found. */
export interface BrokerFinding {
  readonly ok: boolean;
  /** A sentence without secrets. */
  readonly text: string;
}

/**
 * Connects to the broker and looks the exchange up, without changing anything.
 *
 * @param url with user and password
 * @param exchange that Ranger would consume from
 * @returns what was found; never throws for what a broker or a network can do
 */
export async function checkBroker(url: string, exchange: string): Promise<BrokerFinding> {
  const client = brokerClient(url);
  client.name = "ranger check";
  try {
    return await withTimeout(PATIENCE, look(client, exchange), () => attemptsOf(client));
  } catch (error) {
    const { text, advice } = explainFailure(error);
    return { ok: false, text: `${text}; ${advice}` };
  } finally {
    // Cut off rather than waited for: there is nothing to lose, and a stuck broker never answers.
    client.socket?.destroy();
  }
}

async function look(client: AMQPClient, exchange: string): Promise<BrokerFinding> {
  await client.connect();
  const channel = await client.channel();
  let text = `connected; exchange ${exchange} is there`;
  try {
    await channel.exchangeDeclare(exchange, "topic", { passive: true });
  } catch (error) {
    if (replyCode(error) !== 404) throw error;
    text = `connected; exchange ${exchange} is missing: it will be created (topic, not durable)`;
  }
  await client.close().catch(() => {});
  return { ok: true, text };
}
