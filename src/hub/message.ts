import { Buffer } from "node:buffer";
import { encodeBriefEvent } from "../sse/event.ts";
import { answerFrame, answerFrames, textFrame } from "../websocket/frame.ts";
import type { Transport } from "./envelope.ts";

const encoder = new TextEncoder();

/**
 * An answer or a status message, encoded at most once per transport for any number of clients.
 *
 * @example
 * ```ts
 * const message = new Message('{"status":{"message":"source up"}}');
 * message.frame({ transport: "websocket" }); // its text frame
 * message.frame({ transport: "sse" }); // event: answer, and its data
 * ```
 */
export class Message {
  /** The message's JSON. */
  readonly text: string;
  readonly #isBrief: boolean;
  #textFrame: Uint8Array | undefined;
  #serverSent: Uint8Array | undefined;

  /** @param isBrief whether it is for one client, which it is written to soon */
  constructor(text: string, isBrief = false) {
    this.text = text;
    this.#isBrief = isBrief;
  }

  /** The same object at each call. A server-sent one has no id: it moves no client on. */
  frame({ transport }: { readonly transport: Transport }): Uint8Array {
    if (transport === "sse") {
      return this.#serverSent ??= encodeBriefEvent("event: answer", [encoder.encode(this.text)]);
    }
    return this.#textFrame ??= this.#isBrief ? answerFrame(this.text) : textFrame(this.text);
  }
}

/**
 * Answers in a row to one client, in one buffer.
 *
 * @example
 * ```ts
 * framesOf(['{"success":{}}', '{"error":{}}'], { transport: "websocket" }); // two text frames
 * ```
 */
export function framesOf(
  texts: readonly string[],
  { transport }: { readonly transport: Transport },
): Uint8Array {
  if (transport !== "sse") return answerFrames(texts);
  return Buffer.concat(texts.map((text) => new Message(text, true).frame({ transport })));
}
