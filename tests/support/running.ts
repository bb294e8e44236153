import { bounded } from "../../testing/bounded.ts";
import { endProcess } from "../../testing/processes.ts";
import { cleanEnvironment, program } from "../../testing/program.ts";
import { linesOf } from "./text_lines.ts";

/** One of the two streams that a program writes. */
export class Lines {
  readonly all: string[] = [];
  readonly end: Promise<void>;
  #arrived = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.end = this.#read(stream);
  }

  /** The first line, written or to come, that the pattern finds something in. */
  async line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (let at = from;;) {
      for (; at < this.all.length; at++) {
        const found = pattern.exec(this.all[at]!);
        if (found !== null) return found;
      }
      await bounded(
        this.#arrived.promise,
        () => `a line like ${pattern}; there was\n${this.all.join("\n")}`,
      );
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of linesOf(stream)) {
      this.all.push(line);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    }
  }
}

/**
 * A command of Ranger's that runs until it is ended, and what it writes.
 *
 * @example
 * ```ts
 * await using tail = new Running(["tail", "global.tickers", "--url", "ws://127.0.0.1:8080/public"]);
 * await tail.stdout.line(/global\.tickers/);
 * (await tail.end("SIGINT")).code; // 0
 * ```
 */
export class Running implements AsyncDisposable {
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly #child: Deno.ChildProcess;

  constructor(args: readonly string[], command: readonly [string, ...string[]] = program()) {
    const [file, ...first] = command;
    this.#child = new Deno.Command(file, {
      args: [...first, ...args],
      clearEnv: true,
      env: cleanEnvironment(),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stdout = new Lines(this.#child.stdout);
    this.stderr = new Lines(this.#child.stderr);
  }

  /** Waits for the end, after a signal where one is named. */
  async end(signal?: Deno.Signal): Promise<Deno.CommandStatus> {
    if (signal !== undefined) this.#child.kill(signal);
    const status = await bounded(this.#child.status, `the end after ${signal ?? "its work"}`);
    await Promise.all([this.stdout.end, this.stderr.end]);
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#child, "SIGKILL");
    await Promise.all([this.stdout.end, this.stderr.end]);
  }
}
