import type { LogRecord } from "@logtape/logtape";

/** Maximum number of lines of one kind in an interval. */
const MAX_LINES = 10;
/** Milliseconds from the first line of a kind to the end of its interval. */
const INTERVAL_MS = 60_000;
/** Kinds counted at the same time; above it all counts are logged, so memory stays bounded. */
const MAX_KINDS = 1000;

/** A burst of one kind of line. */
interface Burst {
  readonly first: LogRecord;
  readonly ends: number;
  lines: number;
  suppressed: number;
}

/** Other limits, for tests. */
export interface BurstLimiterOptions {
  readonly lines?: number;
  /** Milliseconds. */
  readonly interval?: number;
}

/**
 * Keeps a burst of warnings or errors from filling the log: of those with the same template the first
 * ones are written, the others are counted, and the count is logged. Lower levels pass: they are not
 * logged per message unless the operator turns them on.
 *
 * @example
 * ```ts
 * import { type LogRecord } from "@logtape/logtape";
 * declare const record: LogRecord;
 * const limiter = new BurstLimiter((record) => console.log(record.message));
 * limiter.take(record); // written, or counted
 * limiter.end(); // "… and 312 more in the last 60 s: …"
 * ```
 */
export class BurstLimiter {
  readonly #write: (record: LogRecord) => void;
  readonly #lines: number;
  readonly #interval: number;
  readonly #bursts = new Map<string, Burst>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    write: (record: LogRecord) => void,
    { lines = MAX_LINES, interval = INTERVAL_MS }: BurstLimiterOptions = {},
  ) {
    this.#write = write;
    this.#lines = lines;
    this.#interval = interval;
  }

  take(record: LogRecord): void {
    if (!["warning", "error", "fatal"].includes(record.level)) return this.#write(record);
    // Keyed by template: those are part of the program, so there are few.
    const kind = `${record.level} ${record.category.join(".")} ${record.rawMessage}`;
    let burst = this.#bursts.get(kind);
    if (burst && record.timestamp >= burst.ends) {
      this.#report(kind, burst);
      burst = undefined;
    }
    if (!burst) {
      if (this.#bursts.size >= MAX_KINDS) this.end();
      burst = { first: record, ends: record.timestamp + this.#interval, lines: 0, suppressed: 0 };
      this.#bursts.set(kind, burst);
    }
    if (burst.lines < this.#lines) {
      burst.lines++;
      return this.#write(record);
    }
    burst.suppressed++;
    this.#timer ??= this.#schedule();
  }

  /** Logs the pending counts and forgets them. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [kind, burst] of this.#bursts) this.#report(kind, burst);
  }

  #schedule(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.end(), this.#interval);
    Deno.unrefTimer(Number(timer));
    return timer;
  }

  #report(kind: string, { first, suppressed }: Burst): void {
    this.#bursts.delete(kind);
    if (suppressed === 0) return;
    const template = String(first.rawMessage);
    const seconds = Math.round(this.#interval / 1000);
    this.#write({
      ...first,
      timestamp: Date.now(),
      message: ["… and ", suppressed, " more in the last ", seconds, " s: ", template, ""],
      rawMessage: "… and {folded} more in the last {seconds} s: {template}",
      properties: { folded: suppressed, seconds, template },
    });
  }
}
