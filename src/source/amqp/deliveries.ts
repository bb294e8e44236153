import type { AMQPChannel, AMQPClient, AMQPProperties } from "@cloudamqp/amqp-client";
import type { Buffer } from "node:buffer";
import type { SourceEvent } from "../source.ts";
import { ageOf, ageOfMessage } from "./age.ts";
import { streamOffsetOf, streamOffsetOfMessage } from "./stream_offset.ts";

/** Bytes of a frame's header, and of header and end mark together (AMQP 0-9-1 §4.2.3). */
const HEADER = 7;
const OVERHEAD = 8;
/** Frame types, and the end mark. */
const METHOD = 1;
const CONTENT_HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
/** `basic.deliver`: class 60, method 60. */
const BASIC_DELIVER = (60 << 16) | 60;

/** The library's state after a read that ended inside a frame or a message. */
interface Internals {
  framePos: number;
  frameSize: number;
}
interface ChannelInternals {
  /** A message whose content has not arrived yet. */
  delivery?: unknown;
  deliver(message: {
    routingKey: string;
    body: Uint8Array | null;
    properties: AMQPProperties;
  }): void;
}

/** One delivery. A reader has one object, which each delivery overwrites. */
export interface Delivery extends SourceEvent {
  /** Of a stream its offset; otherwise -1, and the source numbers the events. */
  offset: number;
  routingKey: string;
  body: Uint8Array;
  age: number;
  past: boolean;
}

/** Takes one event. It is valid until this returns. */
export type Deliver = (delivery: Delivery) => void;

/** What a reader of a stream needs besides the events. */
export interface StreamReading {
  /** Called after each read with deliveries, with the last of them, which is still valid. */
  readonly afterRead: (last: Delivery) => void;
}

/**
 * Reads deliveries directly from the socket's reads, without an object, a copy of the body or a
 * microtask for each: most events are for users who are not connected, and are finished as soon as
 * their routing key is read.
 *
 * Only deliveries that are complete within one read are handled here. Everything else is passed to
 * the library frame by frame, in order: other methods, heartbeats, and deliveries that span two
 * reads or whose body has several frames.
 *
 * @example
 * ```ts
 * import { type AMQPChannel, type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const [client, channel, chunk]: [AMQPClient, AMQPChannel, Buffer];
 * const reader = new DeliveryReader(client, channel, (event) => console.log(event.routingKey));
 * reader.read(chunk, (bytes) => console.log(`the library reads ${bytes.length} bytes`));
 * ```
 */
export class DeliveryReader {
  readonly #library: Internals;
  readonly #channel: ChannelInternals;
  readonly #channelId: number;
  readonly #deliver: Deliver;
  readonly #delivery: Delivery = {
    offset: -1,
    routingKey: "",
    body: new Uint8Array(),
    age: 0,
    past: false,
  };
  /**
   * Age of the first delivery in the present read, which is the oldest; it stands for all of them,
   * because reading the age of each would cost too much. `undefined` before the first one.
   */
  #age: number | undefined;
  readonly #stream: StreamReading | undefined;
  /** Deliveries of the present read. */
  #taken = 0;

  /**
   * @param channel on which only deliveries to this consumer arrive
   * @param stream left out where the queue is not a stream
   */
  constructor(
    client: AMQPClient,
    channel: AMQPChannel,
    deliver: Deliver,
    stream?: StreamReading,
  ) {
    this.#library = client as unknown as Internals;
    this.#channel = channel as unknown as ChannelInternals;
    this.#channelId = channel.id;
    this.#deliver = deliver;
    this.#stream = stream;
    // Synchronous: the library would deliver in a microtask, after later events of the same read.
    this.#channel.deliver = ({ routingKey, body, properties }) => {
      this.#age ??= ageOfMessage(properties, Date.now());
      const offset = stream === undefined ? -1 : streamOffsetOfMessage(properties);
      this.#take(offset, routingKey, body ?? new Uint8Array(), this.#age);
    };
  }

  /**
   * @param bytes of one read from the socket
   * @param passOn passes bytes to the library
   * @throws {RangeError} a frame has no length: the peer does not speak AMQP
   */
  read(bytes: Buffer, passOn: (bytes: Buffer) => void): void {
    this.#age = undefined;
    this.#taken = 0;
    try {
      this.#readAll(bytes, passOn);
    } finally {
      if (this.#taken > 0) this.#stream?.afterRead(this.#delivery);
    }
  }

  #readAll(bytes: Buffer, passOn: (bytes: Buffer) => void): void {
    const library = this.#library;
    for (let at = 0; at < bytes.length;) {
      const inside = library.framePos !== 0 || library.frameSize !== 0;
      if (!inside && this.#channel.delivery === undefined) {
        const end = this.#takeDelivery(bytes, at);
        if (end !== 0) {
          at = end;
          continue;
        }
      }
      const wanted = inside
        ? (library.frameSize === 0 ? HEADER : library.frameSize) - library.framePos
        : frameLength(bytes, at);
      if (wanted <= 0) throw new RangeError("a frame without a length");
      const end = Math.min(at + wanted, bytes.length);
      passOn(bytes.subarray(at, end));
      at = end;
    }
  }

  /** @returns where the delivery at `at` ends; 0 where no complete delivery is there */
  #takeDelivery(bytes: Buffer, at: number): number {
    // Shorter than any delivery, so that the reads below are within the buffer.
    if (at + 3 * OVERHEAD + 32 > bytes.length) return 0;
    if (bytes[at] !== METHOD || bytes.readUInt16BE(at + 1) !== this.#channelId) return 0;
    if (bytes.readUInt32BE(at + HEADER) !== BASIC_DELIVER) return 0;
    const header = at + OVERHEAD + bytes.readUInt32BE(at + 3);
    if (header + HEADER + 12 > bytes.length || bytes[header] !== CONTENT_HEADER) return 0;
    const body = header + OVERHEAD + bytes.readUInt32BE(header + 3);
    // The size has 64 bits; a body that needs the upper 32 does not fit into one frame.
    const size = bytes.readUInt32BE(header + HEADER + 8);
    const end = body + OVERHEAD + size;
    if (end > bytes.length || bytes[body] !== BODY || bytes[end - 1] !== FRAME_END) return 0;
    if (bytes.readUInt32BE(body + 3) !== size || bytes.readUInt32BE(header + HEADER + 4) !== 0) {
      return 0;
    }
    const flags = header + HEADER + 12;
    this.#age ??= ageOf(bytes, flags, body - 1, Date.now());
    const offset = this.#stream === undefined ? -1 : streamOffsetOf(bytes, flags, body - 1);
    // Consumer tag, delivery tag (8), redelivered (1), exchange, routing key.
    let field = at + HEADER + 4;
    field += 1 + bytes[field]! + 9;
    field += 1 + bytes[field]!;
    const key = bytes.toString("utf8", field + 1, field + 1 + bytes[field]!);
    this.#take(offset, key, bytes.subarray(body + HEADER, body + HEADER + size), this.#age);
    return end;
  }

  #take(offset: number, routingKey: string, body: Uint8Array, age: number): void {
    const delivery = this.#delivery;
    this.#taken++;
    delivery.offset = offset;
    delivery.routingKey = routingKey;
    delivery.body = body;
    delivery.age = age;
    this.#deliver(delivery);
  }
}

/** Length of the frame at `at`, or of the part of its header that has been read. */
function frameLength(bytes: Buffer, at: number): number {
  return at + HEADER > bytes.length ? bytes.length - at : OVERHEAD + bytes.readUInt32BE(at + 3);
}
