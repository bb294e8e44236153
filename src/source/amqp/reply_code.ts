/** Reply codes (AMQP 0-9-1 §1.1). */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
export const PRECONDITION_FAILED = 406;
export const NOT_ALLOWED = 530;

/**
 * The AMQP reply code in an error of the client, which only has it in its text:
 * `channel 1 closed: NOT_FOUND - no exchange 'x' in vhost '/' (404)`.
 *
 * @returns 403, 404, 406, …; undefined when the error does not come from the broker
 */
export function replyCode(error: unknown): number | undefined {
  const code = error instanceof Error ? /\((\d{3})\)$/.exec(error.message)?.[1] : undefined;
  return code === undefined ? undefined : Number(code);
}
