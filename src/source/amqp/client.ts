import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import type { Buffer } from "node:buffer";
import { type Deliver, DeliveryReader } from "./deliveries.ts";

/** What the library keeps to itself, and is mended below. */
interface Internals {
  host: string;
  onRead(bytes: Buffer): boolean;
  rejectConnect(error: Error): void;
  send(bytes: Uint8Array): Promise<void>;
}

const readers = new WeakMap<AMQPClient, DeliveryReader>();

/**
 * A client of the AMQP library that no peer and no moment can turn against the process. Not yet
 * connected.
 *
 * Four things of the library are mended on the way:
 *
 * - it reads frames in the socket's data handler, so whatever answers on the port with something
 *   that is no AMQP (another service, a proxy's error page) ends the process by an uncaught error;
 * - a connection that dies during the handshake calls one of its methods without its object, which
 *   ends the process by an unhandled rejection;
 * - nobody handles that its answer to a cancelled consumer cannot be sent, which is so when the
 *   connection goes together with the queue;
 * - it hands an IPv6 address to the resolver with its brackets on.
 *
 * @param url `amqp://user:password@host:5672/vhost`, with the library's parameters in the query
 *
 * @example
 * ```ts
 * const client = brokerClient("amqp://guest:guest@[::1]:5672/");
 * await client.connect();
 * ```
 */
export function brokerClient(url: string): AMQPClient {
  const client = new AMQPClient(url);
  // The library's promises carry the same errors.
  client.onerror = () => {};

  const internals = client as unknown as Internals;
  internals.host = client.host.replace(/^\[(.*)\]$/, "$1");
  const read = internals.onRead.bind(client);
  internals.onRead = (bytes) => {
    try {
      const reader = readers.get(client);
      if (!reader) return read(bytes);
      reader.read(bytes, read);
      return true;
    } catch (cause) {
      const text = "what answers there does not speak AMQP as RabbitMQ does";
      client.socket?.destroy(new Error(text, { cause }));
      return true;
    }
  };
  const send = internals.send.bind(client);
  internals.send = (bytes) => {
    const sent = send(bytes);
    // Handled here as well: those who wait for it are told all the same.
    sent.catch(() => {});
    return sent;
  };
  internals.rejectConnect = internals.rejectConnect.bind(client);
  return client;
}

/**
 * From here on deliveries on the channel go to `deliver` as they are read, in their order, and to
 * no callback of a consumer (see {@linkcode DeliveryReader}).
 *
 * @param client of {@linkcode brokerClient}
 * @param channel of that client, with no consumer yet
 *
 * @example
 * ```ts
 * takeDeliveries(client, channel, (routingKey, body, age) => hub.deliver(routingKey, body, age));
 * await channel.basicConsume(queue, { noAck: true }, () => {});
 * ```
 */
export function takeDeliveries(
  client: AMQPClient,
  channel: AMQPChannel,
  deliver: Deliver,
): void {
  readers.set(client, new DeliveryReader(client, channel, deliver));
}
