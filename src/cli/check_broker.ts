import { AMQPClient } from "@cloudamqp/amqp-client";
import { replyCode } from "../broker/exchange.ts";

/** How long the broker may take to answer, in milliseconds. */
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
  const client = new AMQPClient(url);
  // The client reports errors of its socket here, too; the promises below carry them already.
  client.onerror = () => {};
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${PATIENCE / 1000} seconds`)),
    PATIENCE,
  );
  try {
    return await Promise.race([look(client, exchange), late]);
  } catch (error) {
    return { ok: false, text: explain(error, url) };
  } finally {
    clearTimeout(timer);
    // Cut off rather than waited for: there is nothing to lose, and a stuck broker may never answer.
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

function explain(error: unknown, url: string): string {
  const said = error instanceof Error && error.message !== "" ? error.message : String(error);
  const { password } = new URL(url);
  // Belt and braces: no message is known to repeat it.
  const text = [password, decodeURIComponent(password)].filter((secret) => secret.length > 5)
    .reduce((shown, secret) => shown.replaceAll(secret, "***"), said);
  const hint = /refused/i.test(said) && !/ACCESS_REFUSED/.test(said)
    ? "; nothing listens there: is RabbitMQ started, and are host and port right?"
    : /ACCESS_REFUSED|\(403\)|\(530\)|Connection ended/i.test(said)
    ? "; are user, password and virtual host right, and may that user read it?"
    : /ENOTFOUND|EAI_AGAIN|lookup/i.test(said)
    ? "; the host's name is not known"
    : "";
  return `${text}${hint}`;
}
