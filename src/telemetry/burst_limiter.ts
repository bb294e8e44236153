import type { LogRecord } from "@logtape/logtape";

/** Lines of the same kind that a burst of them may have. */
const LINES = 10;
/** Milliseconds from the first of them until they are counted anew. */
const INTERVAL = 60_000;

/** Kinds that are counted at a time; past it all are told, and memory stays bounded. */
const REMEMBERED = 1000;

/** A burst of one kind of line. */
interface Burst {
  readonly first: LogRecord;
  readonly ends: number;
  lines: number;
  folded: number;
}

/** What tests may set. */
export interface BurstLimiterOptions {
  readonly lines?: number;
  /** Milliseconds. */
  readonly interval?: number;
}

/**
 * Keeps a burst of warnings or errors from filling the log: of those with the same template some
 * are written, and then how many more there were. What is below a warning passes: nothing of it
 * comes with every message, unless somebody asked for it.
 *
 * @example
 * ```ts
 * const folding = new Folding(write);
 * folding.take(record); // written, or counted
 * folding.end(); // "… and 312 more in the last minute: …"
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
    { lines = LINES, interval = INTERVAL }: BurstLimiterOptions = {},
  ) {
    this.#write = write;
    this.#lines = lines;
    this.#interval = interval;
  }

  take(record: LogRecord): void {
    if (!["warning", "error", "fatal"].includes(record.level)) return this.#write(record);
    // Templates are of the program: there are few, whatever is filled in.
    const kind = `${record.level} ${record.category.join(".")} ${record.rawMessage}`;
    let burst = this.#bursts.get(kind);
    if (burst && record.timestamp >= burst.ends) {
      this.#tell(kind, burst);
      burst = undefined;
    }
    if (!burst) {
      if (this.#bursts.size >= REMEMBERED) this.end();
      burst = { first: record, ends: record.timestamp + this.#interval, lines: 0, folded: 0 };
      this.#bursts.set(kind, burst);
    }
    if (burst.lines < this.#lines) {
      burst.lines++;
      return this.#write(record);
    }
    burst.folded++;
    this.#timer ??= this.#later();
  }

  /** Tells what was folded and not told yet, and holds nothing any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [kind, burst] of this.#bursts) this.#tell(kind, burst);
  }

  #later(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.end(), this.#interval);
    Deno.unrefTimer(Number(timer));
    return timer;
  }

  #tell(kind: string, { first, folded }: Burst): void {
    this.#bursts.delete(kind);
    if (folded === 0) return;
    const template = String(first.rawMessage);
    const seconds = Math.round(this.#interval / 1000);
    this.#write({
      ...first,
      timestamp: Date.now(),
      message: ["… and ", folded, " more in the last ", seconds, " s: ", template, ""],
      rawMessage: "… and {folded} more in the last {seconds} s: {template}",
      properties: { folded, seconds, template },
    });
  }
}
