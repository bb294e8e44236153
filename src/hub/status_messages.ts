/** The messages about the completeness of data, byte for byte as the protocol has it (section 9). */
import { Message } from "./message.ts";

function status(message: string, streams?: readonly string[]): string {
  return JSON.stringify({ status: streams ? { message, streams } : { message } });
}

/** The messages, as text. */
export const STATUS_TEXTS = {
  sourceDown: status("source down"),
  sourceUp: status("source up"),
  stale: (streams: readonly string[]) => status("stale", streams),
  eventsMayBeMissing: (streams: readonly string[]) => status("events may be missing", streams),
  resumed: (streams: readonly string[]) =>
    JSON.stringify({ success: { message: "resumed", streams } }),
  cannotResume: (streams: readonly string[]) =>
    JSON.stringify({ error: { message: "Cannot resume.", streams } }),
} as const;

export const SOURCE_DOWN: Message = new Message(STATUS_TEXTS.sourceDown);
export const SOURCE_UP: Message = new Message(STATUS_TEXTS.sourceUp);

/** No increments of these streams until the next snapshot. */
export function stale(streams: readonly string[]): Message {
  return new Message(STATUS_TEXTS.stale(streams));
}

/** Events of these plain streams were lost. */
export function eventsMayBeMissing(streams: readonly string[]): Message {
  return new Message(STATUS_TEXTS.eventsMayBeMissing(streams));
}

/**
 * All that the client had missed on these streams has been sent.
 *
 * @param id the JSON of the `id` of the message that this answers
 */
export function resumed(streams: readonly string[], id?: string): Message {
  const text = STATUS_TEXTS.resumed(streams);
  return new Message(id === undefined ? text : `${text.slice(0, -1)},"id":${id}}`);
}

/** What the client has missed on these streams is not known. */
export function cannotResume(streams: readonly string[], id?: string): Message {
  const text = STATUS_TEXTS.cannotResume(streams);
  if (id === undefined) return new Message(text);
  const reason = JSON.stringify(
    "the history does not reach back to the cursor, or it is of another log",
  );
  return new Message(`${text.slice(0, -2)},"reason":${reason}},"id":${id}}`);
}
