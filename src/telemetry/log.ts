import {
  configure,
  type LogLevel,
  type LogRecord,
  reset,
  type TextFormatter,
} from "@logtape/logtape";
import type { Settings } from "../config/types.ts";
import { BurstLimiter } from "./burst_limiter.ts";
import { isJournal, prioritized } from "./journal.ts";

const encoder = new TextEncoder();

/** Of the configuration in force. */
let folding: BurstLimiter | undefined;

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
  // Texts of the template and values take turns, and values may be strings as well.
  const text = record.message.map((part, at) => at % 2 === 0 ? String(part) : show(part)).join("");
  const { withheld, othersWithheld } = record.properties;
  const more = [
    ...(withheld === undefined ? [] : [`${withheld} more since this was last said`]),
    ...(othersWithheld === undefined ? [] : [`${othersWithheld} like it were not said at all`]),
  ];
  return more.length === 0 ? text : `${text} (${more.join("; ")})`;
}

/**
 * A value within a line of text. Whoever publishes or connects chooses some of them: none may
 * begin a line of its own, or talk to the operator's terminal.
 */
function readable(value: unknown): string {
  const shown = String(plain(value));
  // The lines of a stack are meant to be lines.
  const unwanted = value instanceof Error ? /[^\P{C}\n]/gu : /\p{C}/gu;
  return shown.replace(unwanted, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

function plain(value: unknown): unknown {
  return value instanceof Error ? value.stack ?? value.message : value;
}

/**
 * Sends the log to standard error, one line a record; a burst of the same warning is folded (see
 * {@linkcode BurstLimiter}). Where standard error is the journal's, lines begin with their priority,
 * which journald takes off: `journalctl -p warning` finds them, in either format.
 *
 * @example
 * ```ts
 * await configureLog({ level: "info", format: "json" });
 * getLogger(["ranger", "broker"]).info("consuming from {exchange}", { exchange });
 * ```
 */
export async function configureLog({ level, format }: Settings["log"]): Promise<void> {
  const formatter = format === "json" ? json : text;
  const journal = isJournal(Deno.env.get("JOURNAL_STREAM"));
  const write = (record: LogRecord) => {
    const lines = formatter(record);
    try {
      writeAll(encoder.encode(journal ? prioritized(lines, record.level) : lines));
    } catch {
      // Nobody reads the log any more; the clients are served all the same.
    }
  };
  folding?.end();
  const bursts = folding = new BurstLimiter(write);
  await configure({
    reset: true,
    sinks: {
      stderr: (record) => bursts.take(record),
    },
    loggers: [
      { category: ["ranger"], lowestLevel: level satisfies LogLevel, sinks: ["stderr"] },
      // LogTape's own warnings, which must not go to standard output.
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

function writeAll(line: Uint8Array): void {
  // A pipe may take less than it is given.
  for (let at = 0; at < line.length;) at += Deno.stderr.writeSync(line.subarray(at));
}

// What was folded last is told at the end, however that comes about.
addEventListener("unload", () => folding?.end());

/** Ends logging; for tests that configure it more than once. */
export const resetLog: () => Promise<void> = reset;
