import { FrameChain } from "../delivery/frame_chain.ts";
import { deflatedTextFrame, type DeflateOptions } from "../websocket/deflate.ts";
import { encodeFrame, Opcode } from "../websocket/frame.ts";

/** The form of an event: `{"name":payload}`, or `["name",payload]` for the clients of 2018. */
export type Envelope = "object" | "tuple";

const encoder = new TextEncoder();
const CLOSE = { object: encoder.encode("}"), tuple: encoder.encode("]") };
const MAX_CACHED_NAMES = 4096;

interface Opening {
  readonly object: Uint8Array;
  readonly tuple: Uint8Array;
}
const openings = new Map<string, Opening>();

function openingOf(name: string): Opening {
  let opening = openings.get(name);
  if (!opening) {
    const text = JSON.stringify(name);
    opening = { object: encoder.encode(`{${text}:`), tuple: encoder.encode(`[${text},`) };
    // Names come from routing keys, so their number has no other bound.
    if (openings.size >= MAX_CACHED_NAMES) openings.clear();
    openings.set(name, opening);
  }
  return opening;
}

/**
 * How frames for a client are encoded: the envelope, and compression if the client negotiated it.
 * Clients with the same object receive the same frames and can share chains of them.
 */
export interface WireFormat {
  readonly envelope: Envelope;
  readonly deflate: DeflateOptions | undefined;
  /** Where the frame chains of these clients begin. */
  readonly root: FrameChain;
}

/** The wire formats of clients with the same compression, by envelope. */
export function wireFormats(
  deflate: DeflateOptions | undefined,
): Readonly<Record<Envelope, WireFormat>> {
  return {
    object: { envelope: "object", deflate, root: FrameChain.root() },
    tuple: { envelope: "tuple", deflate, root: FrameChain.root() },
  };
}

/**
 * One event, encoded at most once per wire format for any number of subscribers. The payload is
 * spliced in as it was published.
 *
 * @example
 * ```ts
 * declare const format: WireFormat;
 * const event = new EncodedEvent("usdbtc.trades", new TextEncoder().encode('{"trades":[]}'));
 * event.frame(format); // the text frame of {"usdbtc.trades":{"trades":[]}}
 * ```
 */
export class EncodedEvent {
  readonly #name: string;
  #body: Uint8Array;
  readonly #plain: Partial<Record<Envelope, Uint8Array>> = {};
  #deflated: Partial<Record<Envelope, Uint8Array>> | undefined;

  /**
   * @param name of the stream, as clients receive it
   * @param body the payload's JSON; call {@linkcode EncodedEvent.keep} if its buffer is reused
   */
  constructor(name: string, body: Uint8Array) {
    this.#name = name;
    this.#body = body;
  }

  /** The payload's JSON. */
  get body(): Uint8Array {
    return this.#body;
  }

  /** The payload's size. */
  get bytes(): number {
    return this.#body.length;
  }

  /** Copies the body, so that the event stays valid after its buffer is reused. */
  keep(): this {
    // A Buffer's slice() would not copy.
    this.#body = new Uint8Array(this.#body);
    return this;
  }

  /** The whole WebSocket frame in a format; the same object at each call. */
  frame({ envelope, deflate }: Pick<WireFormat, "envelope" | "deflate">): Uint8Array {
    if (deflate === undefined) return this.#plain[envelope] ??= this.#encode(envelope);
    return (this.#deflated ??= {})[envelope] ??= this.#compress(envelope, deflate);
  }

  #encode(envelope: Envelope): Uint8Array {
    return encodeFrame(Opcode.Text, openingOf(this.#name)[envelope], this.#body, CLOSE[envelope]);
  }

  #compress(envelope: Envelope, deflate: DeflateOptions): Uint8Array {
    const payload = Buffer.concat([openingOf(this.#name)[envelope], this.#body, CLOSE[envelope]]);
    return deflatedTextFrame(
      payload,
      deflate,
      () => this.frame({ envelope, deflate: undefined }),
    );
  }
}
