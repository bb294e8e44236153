import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { ConnectionAttempts, ConnectionError } from "../../connection_error.ts";
import { type Deliver, DeliveryReader, type StreamReading } from "./deliveries.ts";
import type { TlsOptions } from "./tls.ts";

/** Private members of the library that are replaced below. */
interface Internals {
  host: string;
  connectSocket(): Socket;
  onRead(bytes: Buffer): boolean;
  rejectConnect(error: Error): void;
  send(bytes: Uint8Array): Promise<void>;
}

const readers = new WeakMap<AMQPClient, DeliveryReader>();
const attempts = new WeakMap<AMQPClient, ConnectionAttempts>();
const versions = new WeakMap<AMQPClient, string>();

/** A server property in Connection.Start: a short string, type `S`, a length of 32 bits. */
const VERSION = Buffer.from("\x07versionS");

/**
 * Creates a client of the AMQP library, not yet connected, without the library's defects:
 *
 * - It reads frames in the socket's data handler, so a peer that does not speak AMQP (another
 *   service, a proxy's error page) would end the process by an uncaught error.
 * - A connection that is lost during the handshake calls a method without its object, which would
 *   end the process by an unhandled rejection.
 * - It does not handle that its answer to a cancelled consumer cannot be sent, which happens when
 *   the connection is lost together with the queue.
 * - It passes an IPv6 address to the resolver in brackets.
 * - It keeps only the message of a connection error, which is empty where several addresses were
 *   tried: `connect` throws a {@linkcode ConnectionError} instead.
 *
 * @param url `amqp://user:password@host:5672/vhost`, with the library's parameters in the query
 * @param tls for amqps://
 *
 * @example
 * ```ts
 * const client = brokerClient("amqp://guest:guest@[::1]:5672/");
 * await client.connect();
 * ```
 */
export function brokerClient(url: string, tls: TlsOptions = {}): AMQPClient {
  const client = new AMQPClient(url, tls);
  // The library's promises carry the same errors.
  client.onerror = () => {};

  const internals = client as unknown as Internals;
  internals.host = client.host.replace(/^\[(.*)\]$/, "$1");
  const read = internals.onRead.bind(client);
  internals.onRead = (bytes) => {
    try {
      if (!versions.has(client)) versions.set(client, versionIn(bytes));
      const reader = readers.get(client);
      if (!reader) return read(bytes);
      reader.read(bytes, read);
      return true;
    } catch (cause) {
      const text = "the peer does not speak AMQP 0-9-1";
      client.socket?.destroy(new Error(text, { cause }));
      return true;
    }
  };
  const send = internals.send.bind(client);
  internals.send = (bytes) => {
    const sent = send(bytes);
    // Handled here as well, so that it is not an unhandled rejection; callers still get it.
    sent.catch(() => {});
    return sent;
  };
  internals.rejectConnect = internals.rejectConnect.bind(client);

  let socketError: Error | undefined;
  const connectSocket = internals.connectSocket.bind(client);
  internals.connectSocket = () => {
    const socket = connectSocket();
    attempts.set(client, new ConnectionAttempts(socket, internals.host, client.port));
    socket.on("error", (error) => socketError = error);
    return socket;
  };
  const connect = client.connect.bind(client);
  client.connect = async () => {
    try {
      return await connect();
    } catch (error) {
      // A reason that the broker gave before it closed the connection is more useful: kept.
      const isSocketError = error instanceof Error && error.message === socketError?.message;
      throw isSocketError ? new ConnectionError(socketError, internals.host) : error;
    }
  };
  return client;
}

/**
 * The addresses that a client tried to connect to, and what happened at each so far; for timeouts.
 *
 * @returns `10.0.0.5:5672: no answer`; empty where the URL has an address
 */
export function attemptsOf(client: AMQPClient): string {
  return String(attempts.get(client) ?? "");
}

/**
 * The version that the broker gave when it was connected to.
 *
 * @returns `3.10.8`; empty where it gave none
 */
export function versionOf(client: AMQPClient): string {
  return versions.get(client) ?? "";
}

/** The server's version in the first bytes that it sends, which the library does not keep. */
function versionIn(bytes: Buffer): string {
  const length = bytes.indexOf(VERSION) + VERSION.length;
  if (length < VERSION.length || length + 4 > bytes.length) return "";
  return bytes.toString("utf8", length + 4, length + 4 + bytes.readUInt32BE(length));
}

/**
 * Passes deliveries on the channel to `deliver` as they are read, in order, and no longer to the
 * callbacks of consumers (see {@linkcode DeliveryReader}).
 *
 * @param client of {@linkcode brokerClient}
 * @param channel of that client, with no consumer yet
 * @param stream where what is consumed is a stream
 *
 * @example
 * ```ts
 * import { type AMQPChannel, type AMQPClient } from "@cloudamqp/amqp-client";
 * declare const [client, channel]: [AMQPClient, AMQPChannel];
 * takeDeliveries(client, channel, (event) => console.log(event.routingKey, event.age));
 * await channel.basicConsume("ranger", { noAck: true }, () => {});
 * ```
 */
export function takeDeliveries(
  client: AMQPClient,
  channel: AMQPChannel,
  deliver: Deliver,
  stream?: StreamReading,
): void {
  readers.set(client, new DeliveryReader(client, channel, deliver, stream));
}
