import { Tally } from "../ops/tally.ts";

/** What the hub saw and did since the start; each only ever grows. */
export class HubCounters {
  /** Events taken from the source. */
  received = 0;
  /** Events that went to at least one subscriber. */
  delivered = 0;
  /** Events owed to subscribers: one event to a thousand of them counts a thousand. */
  fannedOut = 0;
  /** Events of streams that nobody holds. */
  unheld = 0;
  /** Routing keys of no known form. */
  malformedKeys = 0;
  /** Bodies that are no UTF-8 or no JSON. */
  notJson = 0;
  /** Increments dropped because no snapshot came yet, or the state is unsure. */
  incrementsHeldBack = 0;
  /** Increments at or below the sequence of the state. */
  incrementsStale = 0;
  /** Sequences that skipped a number, and increments that could not be applied. */
  gaps = 0;
  /** Snapshots sent to subscribers that already followed a stream. */
  resyncs = 0;
  /** Strict mode: events dropped, by `<stream kind> <reason>`. */
  readonly refused: Tally = new Tally();
}
