import type { AMQPChannel, AMQPClient, QueueParams } from "@cloudamqp/amqp-client";
import { getLogger } from "@logtape/logtape";
import { versionOf } from "./client.ts";
import { declareExchange, isDeclared } from "./exchange.ts";
import { bindPermission, needing } from "./permissions.ts";
import { bindQueue } from "./queue.ts";
import { NOT_FOUND, PRECONDITION_FAILED, replyCode } from "./reply_code.ts";
import { StreamError } from "./stream_error.ts";

const log = getLogger(["ranger", "broker"]);

/** The settings about the stream. */
export interface StreamOptions {
  readonly exchange: string;
  /** The stream's name; empty where each process has a queue. */
  readonly stream: string;
  /** What the stream keeps: seconds and bytes. */
  readonly streamMaxAge: number;
  readonly streamMaxBytes: number;
}

/** The oldest version of which the streams were tried. */
const MIN_VERSION = [3, 10] as const;
/** Segments per stream, and RabbitMQ's default size of a segment, which is not exceeded. */
const SEGMENTS = 10;
const MAX_SEGMENT_BYTES = 500_000_000;
/** One declaration for each argument that may differ, and one that succeeds. */
const MAX_TRIES = 5;
/** RabbitMQ's message about the first argument in which a declaration differs from the queue. */
const DIFFERS =
  /inequivalent arg '([\w-]+)' for queue .*but current is (?:the value )?(?:'([^']*)'|none)/;

/** RabbitMQ's message about a queue that does not exist. */
const IS_MISSING = /NOT_FOUND - no queue /;

/** For the exchanges beside the stream: a restart of the broker removes it together with its bindings. */
const TRANSIENT = { durable: false, autoDelete: false };

/** A stream that is declared and bound. */
export interface OpenStream {
  /** In confirm mode, to publish marks; has no consumer. */
  readonly channel: AMQPChannel;
  /** Whether the stream was missing. */
  readonly created: boolean;
  /** Whether events may have been published while it was not bound. */
  readonly unbound: boolean;
}

/** The exchange by which Ranger publishes its marks into the stream. */
export function marksExchange(stream: string): string {
  return `${stream}.marks`;
}

/**
 * An exchange without a binding, which is declared when the stream is bound. The broker removes it
 * when it restarts, together with the exchange of the events and its bindings: if it is missing,
 * the binding was missing as well.
 */
function boundExchange(stream: string): string {
  return `${stream}.bound`;
}

/**
 * Declares the stream and binds it to everything that the exchange publishes, and to the exchange
 * of Ranger's marks. Binds first: what is published before that is lost.
 *
 * @param client connected
 * @throws {StreamError} the broker is too old, or a queue of that name is not a stream
 * @throws {AccessError} the user lacks a permission
 * @throws the AMQP client's error when the broker refuses, or the connection is lost
 */
export async function openStream(
  client: AMQPClient,
  options: StreamOptions,
): Promise<OpenStream> {
  const { stream, exchange } = options;
  checkVersion(versionOf(client));
  const created = await declareStream(client, options);
  const declared = await declareExchange(client, exchange);
  const { channel } = declared;
  await bindQueue(channel, stream, exchange);
  await openMarks(channel, stream);
  const unbound = declared.created || !await isDeclared(client, boundExchange(stream));
  return { channel, created, unbound };
}

/** Records that the stream is bound; call it once the loss before that is in the stream. */
export async function recordBound(channel: AMQPChannel, stream: string): Promise<void> {
  const name = boundExchange(stream);
  await needing("configure", channel.exchangeDeclare(name, "fanout", TRANSIENT));
}

/** Makes a channel ready to publish marks. */
export async function openMarks(channel: AMQPChannel, stream: string): Promise<void> {
  const marks = marksExchange(stream);
  await needing("configure", channel.exchangeDeclare(marks, "fanout", TRANSIENT));
  await bindMarks(channel, stream);
  await channel.confirmSelect();
}

/** Binds the stream to the exchange of Ranger's marks. */
export async function bindMarks(channel: AMQPChannel, stream: string): Promise<void> {
  await needing(bindPermission, channel.queueBind(stream, marksExchange(stream), ""));
}

/** @throws {StreamError} this version has no streams that Ranger can read */
export function checkVersion(version: string): void {
  const [major = NaN, minor = NaN] = version.split(".").map(Number);
  const [minMajor, minMinor] = MIN_VERSION;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return;
  throw new StreamError(
    `amqp.stream needs RabbitMQ ${MIN_VERSION.join(".")} or later, and the broker has ` +
      (version === "" ? "none" : `version ${version}`),
  );
}

/**
 * Declares the stream, or leaves the existing one as it is.
 *
 * @returns whether it was missing
 * @throws {StreamError} a queue of that name is not a stream
 */
export async function declareStream(client: AMQPClient, options: StreamOptions): Promise<boolean> {
  const { stream, streamMaxAge, streamMaxBytes } = options;
  const existed = await queueExists(client, stream);
  // The library writes numbers from 2^31 to 2^32 as negative ones, so they are bigints.
  const args: Record<string, string | bigint> = {
    "x-queue-type": "stream",
    "x-max-age": `${streamMaxAge}s`,
    "x-max-length-bytes": BigInt(streamMaxBytes),
    "x-stream-max-segment-size-bytes": BigInt(
      Math.min(Math.ceil(streamMaxBytes / SEGMENTS), MAX_SEGMENT_BYTES),
    ),
  };
  for (let tries = 1;; tries++) {
    const channel = await client.channel();
    try {
      await needing("configure", channel.queueDeclare(stream, DURABLE, args));
      await channel.close();
      return !existed;
    } catch (error) {
      if (replyCode(error) !== PRECONDITION_FAILED || tries === MAX_TRIES) throw error;
      adopt(stream, args, error);
    }
  }
}

const DURABLE: QueueParams = { durable: true, exclusive: false, autoDelete: false };

/** Takes over the limit of the existing stream in which the declaration differs. */
function adopt(stream: string, args: Record<string, string | bigint>, error: unknown): void {
  const [, name = "", current] = DIFFERS.exec(String(error)) ?? [];
  if (!(name in args) || name === "x-queue-type") {
    throw new StreamError(
      `queue ${stream} is not a stream, or RabbitMQ cannot have it as one: ` +
        `${error instanceof Error ? error.message : error}`,
    );
  }
  log.warn(
    "stream {stream} has {limit} {current}, not {wanted} as in the settings; it stays so until " +
      "it is deleted, or a policy changes it",
    { stream, limit: name, current: current ?? "none", wanted: args[name] },
  );
  if (current === undefined) delete args[name];
  else args[name] = name === "x-max-age" ? current : BigInt(current);
}

/** Whether a queue of the name exists. */
async function queueExists(client: AMQPClient, stream: string): Promise<boolean> {
  const channel = await client.channel();
  try {
    await channel.queueDeclare(stream, { passive: true });
    await channel.close();
    return true;
  } catch (error) {
    if (replyCode(error) !== NOT_FOUND) throw error;
    // While the broker starts, the same code says that the stream's process does not run yet.
    return !IS_MISSING.test(String(error));
  }
}
