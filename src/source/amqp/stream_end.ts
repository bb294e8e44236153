import type { AMQPClient } from "@cloudamqp/amqp-client";
import { isMark, parseMark } from "./marks.ts";
import { needing } from "./permissions.ts";
import { streamOffsetOfMessage } from "./stream_offset.ts";

/** Deliveries to read ahead: a chunk of the stream has some hundred events. */
const PREFETCH = 1000;

/**
 * Finds an offset up to which the stream reaches, to tell whether it still reaches up to `wanted`: a
 * consumer that attaches beyond the end would get nothing, and no error, until it is that long.
 *
 * Reads the last chunk of the stream, up to `wanted` or up to a mark that was written before.
 *
 * @param wanted an offset
 * @param by the process and the number of the mark, which is in the stream
 * @param number a later one of the process will do
 * @returns an offset in the stream; less than `wanted` where the stream does not reach it
 */
export async function findEnd(
  client: AMQPClient,
  stream: string,
  wanted: number,
  by: string,
  number: number,
): Promise<number> {
  const channel = await client.channel();
  await channel.basicQos(PREFETCH);
  const found = Promise.withResolvers<number>();
  const args = { "x-stream-offset": "last" };
  const consumer = await needing(
    "read",
    channel.basicConsume(stream, { noAck: false, args }, async (message) => {
      const offset = streamOffsetOfMessage(message.properties);
      const mark = isMark(message.routingKey)
        ? parseMark(message.body ?? new Uint8Array())
        : undefined;
      if (offset >= wanted || (mark?.by === by && mark.number >= number)) found.resolve(offset);
      else await message.ack().catch(() => {});
    }),
  );
  const ended = consumer.wait().then(() => {
    throw new Error("the stream was deleted");
  });
  const offset = await Promise.race([found.promise, ended]);
  ended.catch(() => {});
  await channel.close();
  return offset;
}
