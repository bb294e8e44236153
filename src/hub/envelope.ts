import { FrameChain } from "../delivery/frame_chain.ts";
import { encodeBriefEvent, encodeEvent } from "../sse/event.ts";
import { deflatedTextFrame, type DeflateOptions } from "../websocket/deflate.ts";
import { encodeBriefFrame, encodeFrame, Opcode } from "../websocket/frame.ts";
import { withChecksum } from "./book_checksum.ts";
import type { Cursors, Envelope } from "./cursor.ts";

export type { Envelope };

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
 * What a connection is sent besides events and answers: nothing, as with the old servers; whether its
 * data is complete; or that and the cursor of each event.
 */
export type Reporting = "none" | "status" | "cursors";

/** What carries the messages: frames of a WebSocket, or server-sent events. */
export type Transport = "websocket" | "sse";

/**
 * How messages for a client are encoded: the transport, the envelope, cursors, and compression if the
 * client negotiated it. Clients with the same object receive the same bytes and can share chains of
 * them. What is said of frames holds for server-sent events as well.
 */
export interface WireFormat {
  readonly transport: Transport;
  readonly envelope: Envelope;
  readonly deflate: DeflateOptions | undefined;
  /** Where events get their cursors from; `undefined` for clients without. */
  readonly cursors: Cursors | undefined;
  /** Whether status messages are sent. */
  readonly status: boolean;
  /** Whether the events of order books have the book's checksum. */
  readonly checksums: boolean;
  /** Where the frame chains of these clients begin. */
  readonly root: FrameChain;
}

/** The wire formats of clients with the same compression. */
export type WireFormats = Readonly<Record<Reporting, Readonly<Record<Envelope, WireFormat>>>>;

/**
 * @param cursors where the events of clients with cursors get theirs from
 * @param checksums whether the events of order books have the book's checksum
 */
export function wireFormats(
  deflate: DeflateOptions | undefined,
  cursors: Cursors,
  checksums = false,
): WireFormats {
  const both = (status: boolean, cursors: Cursors | undefined) =>
    bothEnvelopes({ transport: "websocket", deflate, cursors, status, checksums });
  return {
    none: both(false, undefined),
    status: both(true, undefined),
    cursors: both(true, cursors),
  };
}

/** The wire formats of server-sent events: always with cursors, which are the events' ids. */
export function eventStreamFormats(
  cursors: Cursors,
  checksums = false,
): Readonly<Record<Envelope, WireFormat>> {
  return bothEnvelopes({ transport: "sse", deflate: undefined, cursors, status: true, checksums });
}

function bothEnvelopes(
  format: Omit<WireFormat, "envelope" | "root">,
): Readonly<Record<Envelope, WireFormat>> {
  return {
    object: { ...format, envelope: "object", root: FrameChain.root() },
    tuple: { ...format, envelope: "tuple", root: FrameChain.root() },
  };
}

/** The part of a wire format that an event's frame depends on. */
type FrameFormat =
  & Pick<WireFormat, "envelope" | "deflate">
  & Partial<Pick<WireFormat, "cursors" | "transport" | "checksums">>;

/** The frames of an event for one way to end it: without a cursor, or with one. */
interface Frames {
  /** How the frames end. */
  readonly ending: Uint8Array;
  readonly plain: Uint8Array;
  deflated: Uint8Array | undefined;
}

/** The line of a server-sent event that has its cursor. */
function idLine(cursor: string): string {
  return `id: ${cursor}`;
}

/**
 * One earlier event as a server-sent event, for one client.
 *
 * @param offset of the event in the log
 */
export function serverSentEvent(
  name: string,
  body: Uint8Array,
  { envelope }: Pick<FrameFormat, "envelope">,
  cursors: Cursors,
  offset: number,
): Uint8Array {
  const data = [openingOf(name)[envelope], body, CLOSE[envelope]];
  return encodeBriefEvent(idLine(cursors.textAt(offset)), data);
}

/**
 * Encodes one event for one client, which may be an earlier one than the current.
 *
 * @param offset of the event in the log
 * @returns the parts of the frame's payload
 */
export function partsOf(
  name: string,
  body: Uint8Array,
  { envelope, cursors }: FrameFormat,
  offset: number,
): readonly [opening: Uint8Array, body: Uint8Array, ending: Uint8Array] {
  const ending = cursors ? cursors.endingAt(offset, envelope) : CLOSE[envelope];
  return [openingOf(name)[envelope], body, ending];
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
  readonly #isBrief: boolean;
  readonly #bare: Partial<Record<Envelope, Frames>> = {};
  /** With the cursor of the position at which they were made. */
  #withCursor: Partial<Record<Envelope, Frames>> | undefined;
  /** As server-sent events, with the cursor of the position at which they were made. */
  #serverSent:
    | Partial<Record<Envelope, { readonly cursor: string; readonly bytes: Uint8Array }>>
    | undefined;

  /**
   * The order book that this event led to, whose checksum clients get that asked for it. It is read
   * when the first of them is sent the event, and before the next event changes it.
   */
  book: { readonly checksum: number } | undefined;
  /** The same event with the checksum. */
  #withChecksum: EncodedEvent | undefined;

  /**
   * @param name of the stream, as clients receive it
   * @param body the payload's JSON; call {@linkcode EncodedEvent.keep} if its buffer is reused
   * @param isBrief whether its frames are written soon, to few connections
   */
  constructor(name: string, body: Uint8Array, isBrief = false) {
    this.#name = name;
    this.#body = body;
    this.#isBrief = isBrief;
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

  /**
   * The whole frame in a format; the same object at each call, as long as the cursors stay where they
   * are. A state that is sent later gets the cursor of that time.
   */
  frame(format: FrameFormat): Uint8Array {
    return format.checksums && this.book !== undefined
      ? this.#withChecksumOf(this.book).#frame(format)
      : this.#frame(format);
  }

  #withChecksumOf({ checksum }: { readonly checksum: number }): EncodedEvent {
    return this.#withChecksum ??= new EncodedEvent(
      this.#name,
      withChecksum(this.#body, checksum),
      this.#isBrief,
    );
  }

  #frame({ transport, envelope, deflate, cursors }: FrameFormat): Uint8Array {
    if (transport === "sse") return this.#serverSentAt(envelope, cursors!.text);
    const frames = cursors === undefined
      ? this.#bare[envelope] ??= this.#encode(envelope, CLOSE[envelope])
      : this.#framesAt(envelope, cursors.ending(envelope));
    if (deflate === undefined) return frames.plain;
    return frames.deflated ??= this.#compress(envelope, frames, deflate);
  }

  #framesAt(envelope: Envelope, ending: Uint8Array): Frames {
    const known = (this.#withCursor ??= {})[envelope];
    if (known?.ending === ending) return known;
    return this.#withCursor[envelope] = this.#encode(envelope, ending);
  }

  #serverSentAt(envelope: Envelope, cursor: string): Uint8Array {
    const known = (this.#serverSent ??= {})[envelope];
    if (known?.cursor === cursor) return known.bytes;
    const encode = this.#isBrief ? encodeBriefEvent : encodeEvent;
    const data = [openingOf(this.#name)[envelope], this.#body, CLOSE[envelope]];
    const bytes = encode(idLine(cursor), data);
    this.#serverSent[envelope] = { cursor, bytes };
    return bytes;
  }

  #encode(envelope: Envelope, ending: Uint8Array): Frames {
    const opening = openingOf(this.#name)[envelope];
    const encode = this.#isBrief ? encodeBriefFrame : encodeFrame;
    const plain = encode(Opcode.Text, opening, this.#body, ending);
    return { ending, plain, deflated: undefined };
  }

  #compress(envelope: Envelope, { ending, plain }: Frames, deflate: DeflateOptions): Uint8Array {
    const payload = Buffer.concat([openingOf(this.#name)[envelope], this.#body, ending]);
    return deflatedTextFrame(payload, deflate, () => plain);
  }
}
