import type { AMQPChannel } from "@cloudamqp/amqp-client";
import { marksExchange } from "./stream.ts";

/** The routing key of marks, which no event can have: it has one word. */
const ROUTING_KEY = "!ranger";

/** What Ranger writes into the stream, between the events, for all processes that read it. */
export interface Mark {
  /** The process, and a number that rises with each of its marks. */
  readonly by: string;
  readonly number: number;
  /** When it was written, by the clock of its process: milliseconds since the epoch. */
  readonly at: number;
  /** The name of the log, as its process read it in the log. */
  readonly log?: string | undefined;
  /** The name that the log gets if no mark before this one names it. */
  readonly proposal?: string | undefined;
  /** Events may have been published, and lost, just before this mark: the stream was not bound. */
  readonly loss?: boolean | undefined;
}

/** Whether a delivery of the stream is a mark and not an event. */
export function isMark(routingKey: string): boolean {
  return routingKey === ROUTING_KEY;
}

/** Reads a mark. @returns undefined where it is none that this version understands */
export function parseMark(body: Uint8Array): Mark | undefined {
  try {
    const mark = JSON.parse(new TextDecoder().decode(body));
    return typeof mark?.by === "string" && typeof mark.number === "number" &&
        typeof mark.at === "number"
      ? mark
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a mark; resolves when it is in the stream.
 *
 * @param channel in confirm mode
 */
export async function publishMark(
  channel: AMQPChannel,
  stream: string,
  mark: Mark,
): Promise<void> {
  // Persistent is what a stream is anyway.
  await channel.basicPublish(marksExchange(stream), ROUTING_KEY, JSON.stringify(mark), {
    contentType: "application/json",
  });
}
