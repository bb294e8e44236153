import type { AMQPClient } from "@cloudamqp/amqp-client";
import type { Settings } from "../../config/shape.ts";
import { attemptsOf, brokerClient, versionOf } from "../../source/amqp/client.ts";
import { exchangeExists } from "../../source/amqp/exchange.ts";
import { ExchangeType, UNFIT } from "../../source/amqp/exchange_type.ts";
import { explainFailure, unfitExchange } from "../../source/amqp/failure.ts";
import { publishMark } from "../../source/amqp/marks.ts";
import { bindQueue, consume, declareQueue } from "../../source/amqp/queue.ts";
import { needing } from "../../source/amqp/permissions.ts";
import { NOT_FOUND, replyCode } from "../../source/amqp/reply_code.ts";
import { checkVersion, declareStream, marksExchange, openMarks } from "../../source/amqp/stream.ts";
import { findEnd } from "../../source/amqp/stream_end.ts";
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
 * Connects to the broker and does what serve does: looks the exchange up, declares a queue or the
 * stream, binds and consumes it. The queue is deleted afterwards, and so is a stream that was
 * missing; a missing exchange is not created.
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
    const { text, advice } = explainFailure(error, { url, ...amqp });
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
  const tried = amqp.stream === ""
    ? await tryQueue(client, amqp, exists)
    : await tryStream(client, amqp, exists);
  await client.close().catch(() => {});
  const what = exists
    ? `exchange ${exchange} exists`
    : `exchange ${exchange} does not exist: it will be created (topic, not durable)`;
  return { ok: true, text: `connected; ${what}; ${tried}` };
}

/** @returns what was done, for people */
async function tryQueue(
  client: AMQPClient,
  amqp: Settings["amqp"],
  exists: boolean,
): Promise<string> {
  const { exchange } = amqp;
  const channel = await client.channel();
  const queue = await declareQueue(channel, amqp);
  await consume(channel, queue);
  if (exists) await bindQueue(channel, queue, exchange);
  else await tryToBind(client, queue, exchange);
  // Where an operator has deleted it meanwhile, deleting it succeeds as well.
  await channel.queueDelete(queue);
  return `a queue was declared, ${exists ? "bound, " : ""}consumed and deleted`;
}

/** @returns what was done, for people */
async function tryStream(
  client: AMQPClient,
  amqp: Settings["amqp"],
  exists: boolean,
): Promise<string> {
  const { exchange, stream } = amqp;
  checkVersion(versionOf(client));
  const created = await declareStream(client, amqp);
  try {
    const channel = await client.channel();
    await openMarks(channel, stream);
    if (exists) await bindQueue(channel, stream, exchange);
    else await tryToBind(client, stream, exchange);
    const mark = { by: crypto.randomUUID(), number: 1, at: Date.now() };
    await needing("write", publishMark(channel, stream, mark));
    await findEnd(client, stream, -1, mark.by, mark.number);
  } finally {
    if (created) await remove(client, stream);
  }
  const what = created ? "does not exist: it will be created" : "exists";
  return `stream ${stream} ${what}; it was ${exists ? "bound, " : ""}written and read`;
}

/** Removes a stream that was declared only to try it, with the exchange of its marks. */
async function remove(client: AMQPClient, stream: string): Promise<void> {
  try {
    const channel = await client.channel();
    await channel.queueDelete(stream);
    await channel.exchangeDelete(marksExchange(stream));
  } catch {
    // The connection is lost, which the trial itself reports.
  }
}

/** To a missing exchange nothing can be bound, but the permission is checked before that. */
async function tryToBind(client: AMQPClient, queue: string, exchange: string): Promise<void> {
  try {
    await bindQueue(await client.channel(), queue, exchange);
  } catch (error) {
    if (replyCode(error) !== NOT_FOUND) throw error;
  }
}
