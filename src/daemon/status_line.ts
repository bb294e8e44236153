import type { SourceState } from "../source/source.ts";

/** The content of a status line. */
export interface Status {
  readonly clients: number;
  /** Streams whose state is kept: order books, and snapshots with their increments. */
  readonly books: number;
  readonly source: SourceState;
  readonly stopping: boolean;
  /** Why the last reload failed; undefined where it did not. */
  readonly reload: string | undefined;
}

/**
 * The state of the server on one line for people, which `systemctl status` shows.
 *
 * @example
 * ```ts
 * declare const status: Status;
 * statusLine(status); // "12,034 clients, 45 books, consuming from peatio.events.ranger by …"
 * ```
 */
export function statusLine({ clients, books, source, stopping, reload }: Status): string {
  if (stopping) return `Closing, ${count(clients, "client")} left`;
  const events = source.connected ? source.detail : `no events: ${source.detail}`;
  const { events: behind } = source.lag;
  const lag = behind === 0 ? "" : `, ${count(behind, "event")} behind`;
  const failed = reload === undefined ? "" : `; the last reload failed: ${reload}`;
  return `${count(clients, "client")}, ${count(books, "book")}, ${events}${lag}${failed}`;
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
}
