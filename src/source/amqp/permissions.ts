import { parseAmqpUrl } from "../../config/amqp_url.ts";
import { ACCESS_REFUSED, replyCode } from "./reply_code.ts";

/** The permissions of a RabbitMQ user on the resources of a virtual host. */
export type Permission = "configure" | "write" | "read";

/** That the broker refused an operation for want of a permission. */
export class AccessError extends Error {
  /** Whether it was the declaration of an exchange that does not exist. */
  readonly createsExchange: boolean;

  constructor(permission: Permission, cause: Error, createsExchange = false) {
    const missing = createsExchange ? "the exchange does not exist, and to create it " : "";
    super(`${missing}the user lacks the ${permission} permission: ${cause.message}`, { cause });
    this.createsExchange = createsExchange;
  }
}

/**
 * Names the permission that an operation needs where the broker refuses it: RabbitMQ 3 only names
 * the resource.
 *
 * @param permission or how it follows from the broker's message
 * @throws {AccessError} the permission is missing
 *
 * @example
 * ```ts
 * import { type AMQPChannel } from "@cloudamqp/amqp-client";
 * declare const channel: AMQPChannel;
 * await needing("read", channel.basicConsume("ranger", { noAck: true }, () => {}));
 * ```
 */
export async function needing<T>(
  permission: Permission | ((message: string) => Permission),
  operation: Promise<T>,
): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (replyCode(error) !== ACCESS_REFUSED || !(error instanceof Error)) throw error;
    const needed = typeof permission === "string" ? permission : permission(error.message);
    throw new AccessError(needed, error);
  }
}

/** To bind a queue takes write permission on it, and read permission on the exchange. */
export function bindPermission(message: string): Permission {
  return message.includes("access to exchange") ? "read" : "write";
}

/**
 * The command that grants what Ranger needs and nothing else: queues whose names begin with
 * `ranger.`, or the stream with the two exchanges beside it, and to read from one exchange.
 *
 * @param url of the broker, for user and virtual host
 * @param createsExchange whether Ranger is to create the exchange as well
 * @param stream where Ranger reads a stream
 *
 * @example
 * ```ts
 * grantCommand("amqp://ranger:secret@mq/", "peatio.events.ranger");
 * // "rabbitmqctl set_permissions -p '/' 'ranger' '^ranger\.' '^ranger\.'
 * //   '^(ranger\.|peatio\.events\.ranger$)'"
 * ```
 */
export function grantCommand(
  url: string,
  exchange: string,
  createsExchange = false,
  stream = "",
): string {
  const address = parseAmqpUrl(url);
  const { user, vhost } = typeof address === "string" ? { user: "USER", vhost: "VHOST" } : address;
  const prefix = stream === "" ? "ranger\\." : `${escaped(stream)}(\\.(marks|bound))?$`;
  const own = `^${prefix}`;
  const both = `^(${prefix}|${escaped(exchange)}$)`;
  const patterns = [createsExchange ? both : own, own, both];
  const quoted = [vhost, user, ...patterns].map((text) => `'${text.replaceAll("'", "'\\''")}'`);
  return `rabbitmqctl set_permissions -p ${quoted.join(" ")}`;
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
