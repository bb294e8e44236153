import { configure, type LogLevel, type LogRecord, type TextFormatter } from "@logtape/logtape";
import { BurstLimiter } from "./burst_limiter.ts";
import { isJournal, prioritized } from "./journal.ts";

/** What is logged, and how a line looks. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

const encoder = new TextEncoder();

/** The limiter of the configuration in force. */
let limiter: BurstLimiter | undefined;

/** `12:00:01 INFO broker  consuming from …` */
const text: TextFormatter = (record) => {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const level = record.level.toUpperCase().padEnd(7);
  const message = messageOf(record, readable);
  return `${time} ${level} ${record.category.slice(1).join(".").padEnd(8)} ${message}\n`;
};

/** `{"time":…,"level":…,"logger":…,"message":…}` and the record's properties. */
const json: TextFormatter = (record) => {
  const line: Record<string, unknown> = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    logger: record.category.join("."),
    message: messageOf(record, (value) => String(plain(value))),
  };
  for (const [name, value] of Object.entries(record.properties)) line[name] ??= plain(value);
  return `${JSON.stringify(line)}\n`;
};

function messageOf(record: LogRecord, show: (value: unknown) => string): string {
  // Text of the template and values alternate; a value may be a string as well.
  const text = record.message.map((part, at) => at % 2 === 0 ? String(part) : show(part)).join("");
  const { withheld, othersWithheld } = record.properties;
  const more = [
    ...(withheld === undefined ? [] : [`${withheld} more since this was last logged`]),
    ...(othersWithheld === undefined ? [] : [`${othersWithheld} similar ones not logged`]),
  ];
  return more.length === 0 ? text : `${text} (${more.join("; ")})`;
}

/**
 * A value within a line of text. Publishers and clients choose some of them: a value must neither
 * begin another line nor contain escape sequences for the operator's terminal.
 */
function readable(value: unknown): string {
  const shown = String(plain(value));
  // A stack may have several lines.
  const unwanted = value instanceof Error ? /[^\P{C}\n]/gu : /\p{C}/gu;
  return shown.replace(unwanted, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

function plain(value: unknown): unknown {
  return value instanceof Error ? value.stack ?? value.message : value;
}

/**
 * Sends the log to standard error, one line per record; a burst of the same warning is limited (see
 * {@linkcode BurstLimiter}). If standard error is the journal, lines begin with their priority, which
 * journald removes: `journalctl -p warning` finds them in either format.
 *
 * @example
 * ```ts
 * import { getLogger } from "@logtape/logtape";
 *
 * await configureLog({ level: "info", format: "json" });
 * getLogger(["ranger", "broker"]).info("consuming from {exchange}", { exchange: "peatio.events.ranger" });
 * ```
 */
export async function configureLog({ level, format }: LogOptions): Promise<void> {
  const formatter = format === "json" ? json : text;
  const journal = isJournal(Deno.env.get("JOURNAL_STREAM"));
  const write = (record: LogRecord) => {
    const lines = formatter(record);
    try {
      writeAll(encoder.encode(journal ? prioritized(lines, record.level) : lines));
    } catch {
      // The log's reader is gone; clients are served without it.
    }
  };
  limiter?.end();
  const bursts = limiter = new BurstLimiter(write);
  await configure({
    reset: true,
    sinks: {
      stderr: (record) => bursts.take(record),
    },
    loggers: [
      { category: ["ranger"], lowestLevel: level, sinks: ["stderr"] },
      // LogTape's own warnings must not go to standard output.
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

function writeAll(line: Uint8Array): void {
  // A pipe may accept only a part.
  for (let at = 0; at < line.length;) at += Deno.stderr.writeSync(line.subarray(at));
}

// The counts of the last bursts are logged at exit.
addEventListener("unload", () => limiter?.end());
