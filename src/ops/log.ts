import {
  configure,
  type LogLevel,
  type LogRecord,
  reset,
  type TextFormatter,
} from "@logtape/logtape";
import type { Settings } from "../config/types.ts";

const encoder = new TextEncoder();

/** `12:00:01 INFO broker  consuming from …` */
const text: TextFormatter = (record) => {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const level = record.level.toUpperCase().padEnd(7);
  return `${time} ${level} ${record.category.slice(1).join(".").padEnd(8)} ${messageOf(record)}\n`;
};

/** `{"time":…,"level":…,"logger":…,"message":…}` and the record's properties. */
const json: TextFormatter = (record) => {
  const line: Record<string, unknown> = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    logger: record.category.join("."),
    message: messageOf(record),
  };
  for (const [name, value] of Object.entries(record.properties)) line[name] ??= plain(value);
  return `${JSON.stringify(line)}\n`;
};

function messageOf(record: LogRecord): string {
  return record.message.map((part) => typeof part === "string" ? part : String(plain(part)))
    .join("");
}

function plain(value: unknown): unknown {
  return value instanceof Error ? value.stack ?? value.message : value;
}

/**
 * Sends the log to standard error, one line a record.
 *
 * @example
 * ```ts
 * await configureLog({ level: "info", format: "json" });
 * getLogger(["ranger", "broker"]).info("consuming from {exchange}", { exchange });
 * ```
 */
export async function configureLog({ level, format }: Settings["log"]): Promise<void> {
  const formatter = format === "json" ? json : text;
  await configure({
    reset: true,
    sinks: {
      stderr: (record) => {
        try {
          Deno.stderr.writeSync(encoder.encode(formatter(record)));
        } catch {
          // Nobody reads the log any more; the clients are served all the same.
        }
      },
    },
    loggers: [
      { category: ["ranger"], lowestLevel: level satisfies LogLevel, sinks: ["stderr"] },
      // LogTape's own warnings, which must not go to standard output.
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

/** Ends logging; for tests that configure it more than once. */
export const resetLog: () => Promise<void> = reset;
