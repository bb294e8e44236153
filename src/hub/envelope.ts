import { deflatedTextFrame, type DeflateOptions } from "../websocket/deflate.ts";
import { encodeFrame, Opcode } from "../websocket/frame.ts";

/** How events are wrapped: `{"name":payload}`, or `["name",payload]` as in 2018. */
export type Envelope = "object" | "tuple";

const encoder = new TextEncoder();
const CLOSE = { object: encoder.encode("}"), tuple: encoder.encode("]") };
const REMEMBERED = 4096;

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
    // Names come from routing keys: a flood of them must not fill the memory.
    if (openings.size >= REMEMBERED) openings.clear();
    openings.set(name, opening);
  }
  return opening;
}

/** How one client is written to: its envelope, and compression where it negotiated that. */
export interface Wrapping {
  readonly envelope: Envelope;
  readonly deflate: DeflateOptions | undefined;
}

/**
 * One event, encoded at most once per wrapping however many subscribers it has. The payload is
 * spliced in as it was published.
 *
 * @example
 * ```ts
 * const event = new EncodedEvent("usdbtc.trades", body);
 * for (const audience of audiences) audience.send(event, age);
 * ```
 */
export class EncodedEvent {
  readonly #name: string;
  #body: Uint8Array;
  readonly #plain: Partial<Record<Envelope, Uint8Array>> = {};
  #deflated: Partial<Record<Envelope, Uint8Array>> | undefined;

  /**
   * @param name the stream that clients know it by
   * @param body the payload's JSON; see {@linkcode EncodedEvent.keep} where it is only lent
   */
  constructor(name: string, body: Uint8Array) {
    this.#name = name;
    this.#body = body;
  }

  /** The payload's JSON. */
  get body(): Uint8Array {
    return this.#body;
  }

  /** Of the payload. */
  get bytes(): number {
    return this.#body.length;
  }

  /** Makes the event good for later, when the body that was lent is another's again. */
  keep(): this {
    // Not slice(), which in a Buffer is no copy.
    this.#body = new Uint8Array(this.#body);
    return this;
  }

  /** The whole frame for clients written to like that; the same bytes for everyone who asks. */
  frame({ envelope, deflate }: Wrapping): Uint8Array {
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
