import { replyCode } from "./exchange.ts";

/** Why there is no connection to the broker: a class to tell apart, and words for the operator. */
export interface Failure {
  /** Stable for the same cause, so that each cause is logged once. */
  readonly kind: string;
  readonly text: string;
}

/**
 * Reads an error of the AMQP client, or of the network under it.
 *
 * @param error what connecting, declaring or consuming ended with
 * @returns text without the password: the client's errors carry none, and the URL is not repeated
 *
 * @example
 * ```ts
 * explainFailure(new Error("connect ECONNREFUSED 127.0.0.1:5672"));
 * // { kind: "refused", text: "nothing listens there" }
 * ```
 */
export function explainFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const code = replyCode(error);
  if (code === 403 && /ACCESS_REFUSED - Login/i.test(message)) {
    return {
      kind: "login",
      text: "the broker refused user or password (amqp.user, amqp.password)",
    };
  }
  if (code === 403) return { kind: "access", text: `the user may not do that: ${message}` };
  if (code === 530) return { kind: "vhost", text: `the virtual host cannot be used: ${message}` };
  if (/ECONNREFUSED|Connection refused/i.test(message)) {
    return { kind: "refused", text: "nothing listens there" };
  }
  if (/ENOTFOUND|EAI_AGAIN|lookup|resolve/i.test(message)) {
    return { kind: "name", text: "the host's name cannot be resolved" };
  }
  // The library's own, when nothing came while it connected.
  if (message === "timeout") return { kind: "timeout", text: "timeout: no answer" };
  if (/timeout|sign of life/i.test(message)) return { kind: "timeout", text: message };
  // Numbers differ from one attempt to the next.
  return { kind: message.replace(/\d+/g, "#"), text: message };
}
