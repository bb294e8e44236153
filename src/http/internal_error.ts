import { getLogger } from "@logtape/logtape";

const log = getLogger(["ranger", "server"]);

const TEXT = "The server could not answer this; its log says why.\n";

/**
 * What is answered where a handler throws what nobody expected: 500, with a line that says nothing
 * of the fault, which the log has with its stack. Every app is given it; left to itself, Hono would
 * write the stack to standard error, between the log's lines and in no form of theirs.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * const app = new Hono().onError(internalError);
 * ```
 */
export function internalError(fault: unknown): Response {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  log.error("A fault in the answer to a request; please report it: {error}", { error });
  return new Response(TEXT, {
    status: 500,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
