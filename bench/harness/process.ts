/**
 * Programs that the benchmark starts: pinned to a core, with all the open files that the
 * machine allows, and none of them left behind when the run ends, however it ends.
 */
const running = new Set<Running>();
let over = false;

/** How a program is started. */
export interface ProgramOptions {
  /** The core it is pinned to; without it, wherever the benchmark itself runs. */
  readonly core?: number;
  /** Whether it runs only while nothing else wants its core (SCHED_IDLE). */
  readonly idle?: boolean;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Whether lines can be written to it with {@link Program.say}. */
  readonly input?: boolean;
}

/** What runs until it is stopped: a program, or a broker of several. */
export interface Running {
  readonly pid: number;
  /** Resolves when it ended, by itself too. */
  readonly ended: Promise<unknown>;
  /** What it said last, as one line. */
  complaint(): string;
  stop(): Promise<void>;
}

/**
 * One started program: its process id, what it prints, and its end.
 *
 * @example
 * ```ts
 * const server = Program.start(["bench/bin/wslimit", "8080", "1000", "240", "5"], { core: 0 });
 * await server.line("listening");
 * await server.stop();
 * ```
 */
export class Program implements Running {
  readonly name: string;
  readonly pid: number;
  /** Everything written to standard output, once it ended. */
  readonly output: Promise<string>;
  readonly ended: Promise<Deno.CommandStatus>;
  /** The last lines of standard error, for a message when something failed. */
  readonly complaints: string[] = [];

  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #listeners = new Set<(line: string | undefined) => void>();
  readonly #heard: Promise<void>;

  /** @throws Error once {@link stopAll} was called: nothing may start during shutdown */
  static start(command: readonly string[], options: ProgramOptions = {}): Program {
    if (over) throw new Error("interrupted");
    return new Program(command, options);
  }

  private constructor(command: readonly string[], options: ProgramOptions) {
    const ranked = options.idle ? ["chrt", "--idle", "0", ...command] : command;
    const pinned = options.core === undefined
      ? ranked
      : ["taskset", "-c", String(options.core), ...ranked];
    this.name = command[0]?.split("/").at(-1) ?? "program";
    this.#child = new Deno.Command("sh", {
      args: ["-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", ...pinned],
      stdin: options.input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    }).spawn();
    this.pid = this.#child.pid;
    this.#input = options.input ? this.#child.stdin.getWriter() : undefined;
    this.output = new Response(this.#child.stdout).text();
    this.#heard = this.#listen();
    running.add(this);
    this.ended = this.#child.status.then(async (status) => {
      running.delete(this);
      await this.#heard;
      return status;
    });
  }

  /**
   * Waits for a line on standard error that begins with `start`, and returns it.
   *
   * @throws Error when the program ends without having printed it
   */
  line(start: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const listener = (line: string | undefined) => {
        if (line !== undefined && !line.startsWith(start)) return;
        this.#listeners.delete(listener);
        if (line !== undefined) resolve(line);
        else reject(new Error(`${this.name} ended without "${start}": ${this.complaint()}`));
      };
      this.#listeners.add(listener);
    });
  }

  /** What it said last on standard error, as one line. */
  complaint(): string {
    return this.complaints.slice(-5).join(" / ") || "it said nothing";
  }

  /** Writes to its standard input and closes that; a process that has ended is ignored. */
  async say(text: string): Promise<void> {
    try {
      await this.#input?.write(new TextEncoder().encode(text));
      await this.#input?.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  }

  /** Asks it to end (SIGTERM), insists after five seconds (SIGKILL), and waits for its end. */
  async stop(): Promise<void> {
    const insist = setTimeout(() => this.signal("SIGKILL"), 5_000);
    this.signal("SIGTERM");
    await this.ended;
    clearTimeout(insist);
  }

  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.complaints.push(line.slice(0, 300));
        if (this.complaints.length > 20) this.complaints.shift();
        for (const listener of [...this.#listeners]) listener(line);
      }
    }
    for (const listener of [...this.#listeners]) listener(undefined);
  }
}

/** Has what was started in another way stopped with all the others. */
export function willStop<R extends Running>(other: R): R {
  running.add(other);
  other.ended.then(() => running.delete(other));
  return other;
}

/** Stops every program that still runs, and starts no other. */
export async function stopAll(): Promise<void> {
  over = true;
  await Promise.all([...running].map((program) => program.stop()));
}
