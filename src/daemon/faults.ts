import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds in which the same error is logged once. */
const LOG_INTERVAL = 60_000;

/**
 * Logs uncaught errors and unhandled rejections with their stack, and keeps the process running.
 *
 * Ending the process would be worse. Each piece of work is short and concerns one connection or one
 * event, so little can be left half done; a restart disconnects all clients, which then reconnect at
 * the same moment, together with the client or the event that caused the error. Errors during start
 * are not affected: they reject what `serve` awaits, and end the process with their exit code.
 *
 * @example
 * ```ts
 * surviveFaults(); // before anything is started
 * ```
 */
export function surviveFaults(): void {
  const throttle = new LogThrottle(LOG_INTERVAL);
  const report = (thrown: unknown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Keyed by the stack, not only the message: one error must not hide another.
    if (!throttle.allows(error.stack ?? error.message)) return;
    log.error("unexpected error; the server keeps running; please report it: {error}", {
      error,
      ...throttle.since,
    });
  };
  addEventListener("error", (event) => {
    event.preventDefault();
    report(event.error ?? event.message);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(event.reason);
  });
}
