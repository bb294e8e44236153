import { getLogger } from "@logtape/logtape";
import { LogThrottle } from "../telemetry/log_throttle.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds in which the same fault is logged once. */
const INTERVAL = 60_000;

/**
 * From here on an error that nobody handles, thrown or rejected, is logged with its stack and ends
 * nothing but the piece of work that it came from.
 *
 * Ending the process would be the worse of the two. What runs here is short and concerns one
 * connection or one event, so little can be left half done; a restart disconnects every client at
 * once, all of them come back at the same moment, and the client or the event that met the fault
 * comes back with them. An error while starting is not meant: it rejects what `serve` awaits, and
 * ends the process with its exit code.
 *
 * @example
 * ```ts
 * surviveFaults();
 * const daemon = await startDaemon(settings, source);
 * ```
 */
export function surviveFaults(): void {
  const rarely = new LogThrottle(INTERVAL);
  const report = (fault: unknown) => {
    const error = fault instanceof Error ? fault : new Error(String(fault));
    // By the place as well as by the text: one fault must not hide another.
    if (!rarely.allows(error.stack ?? error.message)) return;
    log.error("A fault in the server, which goes on; please report it: {error}", {
      error,
      ...rarely.since,
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
