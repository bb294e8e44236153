import type { LogLevel } from "@logtape/logtape";
import { fstatSync } from "node:fs";

/** Priorities of syslog, as journald reads them (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = {
  trace: 7,
  debug: 7,
  info: 6,
  warning: 4,
  error: 3,
  fatal: 2,
};

/**
 * Whether standard error is the journal. systemd sets the variable to the journal's device and inode;
 * a child process with another standard error inherits it as well (systemd.exec(5)).
 *
 * @param stream the environment's JOURNAL_STREAM: `8:123456`
 *
 * @example
 * ```ts
 * const journal = isJournal(Deno.env.get("JOURNAL_STREAM"));
 * ```
 */
export function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    // Standard error is closed.
    return false;
  }
}

/**
 * A text with its priority before each line, which journald removes (sd-daemon(3)).
 *
 * @param text ends with a line feed
 *
 * @example
 * ```ts
 * prioritized("a fault\n  at here\n", "error"); // "<3>a fault\n<3>  at here\n"
 * ```
 */
export function prioritized(text: string, level: LogLevel): string {
  return text.replace(/^(?!$)/gm, `<${PRIORITIES[level]}>`);
}
