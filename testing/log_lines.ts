import { bounded } from "./bounded.ts";

/** A line of the JSON log, with its properties beside what every line has. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly logger: string;
  readonly message: string;
  readonly [property: string]: unknown;
}

/** Reads a JSON log while it is written, and finds lines in it. */
export class LogLines {
  readonly lines: LogLine[] = [];
  /** Everything that was read, lines that are not JSON included. */
  text = "";
  /** Resolves when the stream has ended. */
  readonly end: Promise<void>;
  readonly #waiting = new Set<(line: LogLine | undefined) => void>();
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.end = this.#read(stream);
  }

  /**
   * The first line that the predicate takes, from the beginning of the log on.
   *
   * @param what for the error: "the public port"
   * @throws Error when the log ends without it, or when it does not come in time
   */
  async next(predicate: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const there = this.lines.find(predicate);
    if (there !== undefined) return there;
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const look = (line: LogLine | undefined) => {
      if (line === undefined) reject(new Error(`the log ended before ${what}\n${this.text}`));
      else if (predicate(line)) resolve(line);
    };
    if (this.#ended) look(undefined);
    this.#waiting.add(look);
    try {
      return await bounded(promise, () => `${what} in the log:\n${this.text}`, 60_000);
    } finally {
      this.#waiting.delete(look);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      this.text += text;
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#take(part);
    }
    this.#ended = true;
    for (const look of [...this.#waiting]) look(undefined);
  }

  #take(text: string): void {
    const line = parse(text);
    if (line === undefined) return;
    this.lines.push(line);
    for (const look of [...this.#waiting]) look(line);
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null && "message" in line
      ? line as LogLine
      : undefined;
  } catch {
    // The runtime may write another line, and so does a command that fails.
    return undefined;
  }
}
