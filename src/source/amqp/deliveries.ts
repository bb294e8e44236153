import type { AMQPChannel, AMQPClient, AMQPProperties } from "@cloudamqp/amqp-client";
import type { Buffer } from "node:buffer";
import { ageOf, ageOfMessage } from "./age.ts";

/** Parts of an AMQP frame (AMQP 0-9-1 §4.2.3): a header of 7 bytes, the payload, an end mark. */
const HEADER = 7;
const AROUND = 8;
const METHOD = 1;
const CONTENT_HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
/** `basic.deliver`: class 60, method 60. */
const BASIC_DELIVER = (60 << 16) | 60;

/** What the library keeps of a read that ended inside a frame or a message. */
interface Internals {
  framePos: number;
  frameSize: number;
}
interface ChannelInternals {
  /** A message of which the content is still to come. */
  delivery?: unknown;
  deliver(message: {
    routingKey: string;
    body: Uint8Array | null;
    properties: AMQPProperties;
  }): void;
}

/**
 * Takes one event.
 *
 * @param body only lent: it is the caller's again when this returns
 * @param age milliseconds since the event was published, as far as its publisher says
 */
export type Deliver = (routingKey: string, body: Uint8Array, age: number) => void;

/**
 * Reads deliveries straight from what the socket brought, without an object, a copy of the body
 * or a microtask for each: most events are of users who are not connected, and are done with as
 * soon as their routing key is read.
 *
 * Only deliveries that lie whole in one read are taken here. Everything else goes to the library,
 * frame by frame and in its order: other methods, heartbeats, and deliveries that the end of a
 * read cut or whose body has several frames.
 *
 * @example
 * ```ts
 * const deliver = (key: string, body: Uint8Array, age: number) => hub.deliver(key, body, age);
 * const reader = new DeliveryReader(client, channel, deliver);
 * reader.read(chunk, (bytes) => library.onRead(bytes));
 * ```
 */
export class DeliveryReader {
  readonly #library: Internals;
  readonly #channel: ChannelInternals;
  readonly #channelId: number;
  readonly #deliver: Deliver;
  /**
   * Age of what is being read, which is that of the first delivery in it, the oldest: to read the
   * age of each would cost more than it tells. `undefined` until there was one.
   */
  #age: number | undefined;

  /** @param channel that nothing but deliveries to us comes on */
  constructor(client: AMQPClient, channel: AMQPChannel, deliver: Deliver) {
    this.#library = client as unknown as Internals;
    this.#channel = channel as unknown as ChannelInternals;
    this.#channelId = channel.id;
    this.#deliver = deliver;
    // At once: the library would do it in a microtask, behind what is read here after it.
    this.#channel.deliver = ({ routingKey, body, properties }) => {
      this.#age ??= ageOfMessage(properties, Date.now());
      deliver(routingKey, body ?? new Uint8Array(), this.#age);
    };
  }

  /**
   * @param bytes what the socket brought
   * @param hand gives bytes to the library
   * @throws {RangeError} a frame's length is invalid: the peer does not speak AMQP
   */
  read(bytes: Buffer, hand: (bytes: Buffer) => void): void {
    const library = this.#library;
    this.#age = undefined;
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
      hand(bytes.subarray(at, end));
      at = end;
    }
  }

  /** @returns where the delivery at `at` ends; 0 when there is none that can be taken */
  #takeDelivery(bytes: Buffer, at: number): number {
    // The shortest delivery there can be is longer than this; so the first reads are within.
    if (at + 3 * AROUND + 32 > bytes.length) return 0;
    if (bytes[at] !== METHOD || bytes.readUInt16BE(at + 1) !== this.#channelId) return 0;
    if (bytes.readUInt32BE(at + HEADER) !== BASIC_DELIVER) return 0;
    const header = at + AROUND + bytes.readUInt32BE(at + 3);
    if (header + HEADER + 12 > bytes.length || bytes[header] !== CONTENT_HEADER) return 0;
    const body = header + AROUND + bytes.readUInt32BE(header + 3);
    // The size has 64 bits; a body that needs the upper ones is not in one frame.
    const size = bytes.readUInt32BE(header + HEADER + 8);
    const end = body + AROUND + size;
    if (end > bytes.length || bytes[body] !== BODY || bytes[end - 1] !== FRAME_END) return 0;
    if (bytes.readUInt32BE(body + 3) !== size || bytes.readUInt32BE(header + HEADER + 4) !== 0) {
      return 0;
    }
    this.#age ??= ageOf(bytes, header + HEADER + 12, body - 1, Date.now());
    // Consumer tag, delivery tag (8), redelivered (1), exchange, routing key.
    let field = at + HEADER + 4;
    field += 1 + bytes[field]! + 9;
    field += 1 + bytes[field]!;
    const key = bytes.toString("utf8", field + 1, field + 1 + bytes[field]!);
    this.#deliver(key, bytes.subarray(body + HEADER, body + HEADER + size), this.#age);
    return end;
  }
}

/** Length of the frame at `at`, or of what there is of its header. */
function frameLength(bytes: Buffer, at: number): number {
  return at + HEADER > bytes.length ? bytes.length - at : AROUND + bytes.readUInt32BE(at + 3);
}
