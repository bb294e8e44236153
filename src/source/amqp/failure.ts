import { ConnectionError } from "../../connection_error.ts";
import { ConfigurationError } from "../../errors.ts";
import { AccessError, grantCommand } from "./permissions.ts";
import { explainTls } from "./tls_failure.ts";
import { StreamError } from "./stream_error.ts";
import { ACCESS_REFUSED, NOT_ALLOWED, NOT_FOUND, replyCode } from "./reply_code.ts";

/** Kinds of failures of the broker connection; they are label values of metrics. */
export const FAILURE_KINDS = [
  "login",
  "access",
  "vhost",
  "exchange",
  "type",
  "stream",
  "leader",
  "refused",
  "name",
  "tls",
  "timeout",
  "closed",
  "other",
] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

/** A failure to connect to the broker or to consume from it. */
export interface Failure {
  readonly kind: FailureKind;
  /** What is wrong, for the operator. */
  readonly text: string;
  /** What the operator should look at. */
  readonly advice: string;
}

const ADVICE: Readonly<Record<FailureKind, string>> = {
  login: "is it the password that the broker has (rabbitmqctl change_password)?",
  access: "give the user configure, write and read permission on ranger.* and read permission " +
    "on the exchange (rabbitmqctl set_permissions)",
  vhost: "is amqp.vhost right, and has the user permissions on it (rabbitmqctl list_permissions)?",
  exchange: "Ranger creates it again if its publisher does not; is the publisher running?",
  type: "delete it and declare it as topic, or set amqp.exchange to another exchange",
  stream: "RabbitMQ 3.10 and later have streams; without amqp.stream each process has a " +
    "queue, which loses what is published while the broker is away",
  leader:
    "it passes while RabbitMQ starts; if it lasts, the node that has the stream is down, or " +
    "RabbitMQ was killed just after it created the stream and cannot recover it: then set " +
    "amqp.stream to another name",
  refused: "is RabbitMQ started, and are amqp.host and amqp.port right?",
  name: "is amqp.host right, and does the name server answer?",
  tls: "amqp.ca names the authorities to trust, amqp.cert and amqp.key what to present, and " +
    "amqp.tls_name the name to expect",
  timeout: "does the broker hang, or does a firewall drop packets to it?",
  closed: "is that RabbitMQ's AMQP port, and does it want TLS (amqps://)?",
  other: "the broker's log may say more",
};

/** Kinds that last until an operator does something. */
const LASTING: ReadonlySet<FailureKind> = new Set([
  "login",
  "access",
  "vhost",
  "type",
  "stream",
  "tls",
]);

/** Whether an operator must act: such failures do not pass with time. */
export function isLasting(kind: FailureKind): boolean {
  return LASTING.has(kind);
}

/** Where an operation failed, for advice that names it. */
export interface Consumed {
  /** Of the broker, with user and password. */
  readonly url: string;
  readonly exchange: string;
  /** Empty where none is read. */
  readonly stream: string;
}

/**
 * Explains an error of the AMQP client, or of the network below it.
 *
 * @param error of connecting, declaring or consuming
 * @param consumed left out where nothing is consumed
 * @returns text without the password: the client's errors do not contain it, nor is the URL repeated
 *
 * @example
 * ```ts
 * import { ConnectionError } from "../../connection_error.ts";
 * declare const error: Error; // from node:net
 * explainFailure(new ConnectionError(error, "localhost")).text; // "127.0.0.1:5672: nothing listens there"
 * ```
 */
export function explainFailure(error: unknown, consumed?: Consumed): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const [kind, text] = ofOwn(error) ?? read(message, replyCode(error));
  const advice = kind === "access" && consumed !== undefined
    ? adviseAccess(error, consumed)
    : ADVICE[kind];
  return { kind, text, advice };
}

/** Kind and text of the errors that are classes of Ranger. */
function ofOwn(error: unknown): [FailureKind, string] | undefined {
  // Only the files of TLS are read again while Ranger runs.
  if (error instanceof ConfigurationError) return ["tls", error.message];
  if (error instanceof AccessError) return ["access", error.message];
  if (error instanceof StreamError) return ["stream", error.message];
  if (!(error instanceof ConnectionError)) return undefined;
  const tls = explainTls(error.code, error.message);
  if (tls !== undefined) return ["tls", tls];
  const kind = KINDS[error.code];
  return kind === undefined ? undefined : [kind, error.message];
}

function adviseAccess(error: unknown, { url, exchange, stream }: Consumed): string {
  const creates = error instanceof AccessError && error.createsExchange;
  const first = creates
    ? `start what publishes to ${exchange} and creates it, or let Ranger create it: `
    : "these permissions are enough: ";
  return first + grantCommand(url, exchange, creates, stream);
}

/** By the code of the system or the resolver. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: "refused",
  ENOTFOUND: "name",
  EAI_AGAIN: "name",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "timeout",
  ENETUNREACH: "timeout",
  EADDRNOTAVAIL: "timeout",
  ECONNRESET: "closed",
  EPIPE: "closed",
};

/**
 * The error of an exchange that delivers nothing to the queue, although it exists and is bound.
 *
 * @param type of the exchange, `direct`
 *
 * @example
 * ```ts
 * throw unfitExchange("peatio.events.ranger", "direct");
 * ```
 */
export function unfitExchange(exchange: string, type: string): Error {
  return new Error(`exchange ${exchange} is of type ${type}: ${NOTHING_DELIVERED}`);
}

/** The end of that error's message, by which it is recognised: the library keeps only the message. */
const NOTHING_DELIVERED = "it delivers nothing to a queue that is bound with #";

function read(message: string, code: number | undefined): [FailureKind, string] {
  if (code === ACCESS_REFUSED && /ACCESS_REFUSED - Login/i.test(message)) {
    return ["login", "the broker refused user or password (amqp.user, amqp.password)"];
  }
  if (code === ACCESS_REFUSED) return ["access", `the user lacks a permission: ${message}`];
  if (code === NOT_ALLOWED) return ["vhost", `the virtual host cannot be used: ${message}`];
  if (code === NOT_FOUND && message.includes("no exchange")) {
    return ["exchange", `the exchange was deleted: ${message}`];
  }
  if (code === NOT_FOUND && message.includes("is down or inaccessible")) {
    return ["leader", `the stream has no leader: ${message}`];
  }
  if (message.endsWith(NOTHING_DELIVERED)) return ["type", message];
  if (/certificate|handshake|\b(tls|ssl)\b/i.test(message)) {
    return ["tls", `the TLS handshake failed: ${message}`];
  }
  // Of the library, if nothing arrives while it connects.
  if (message === "timeout") return ["timeout", "timeout: no answer"];
  if (/timeout|timed out|no heartbeat/i.test(message)) {
    return ["timeout", message];
  }
  if (/connection ended|socket closed|ECONNRESET|EPIPE|does not speak AMQP/i.test(message)) {
    return ["closed", message];
  }
  return ["other", message];
}
