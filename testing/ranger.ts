import { bounded, until } from "./bounded.ts";
import { type LogLine, LogLines } from "./log_lines.ts";
import { endProcess, signal } from "./processes.ts";
import { cleanEnvironment, program } from "./program.ts";

export type { LogLine } from "./log_lines.ts";

/** A running Ranger: the real program in a separate process, on free ports of loopback. */
export interface RangerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly managementPort: number;
  /** For clients: `url("/public?stream=usdbtc.trades")` is `ws://127.0.0.1:…/public?…`. */
  url(path?: string): string;
  /** For plain requests to the public listener. */
  publicUrl(path?: string): string;
  /** For requests to the management listener: `managementUrl("/metrics")`. */
  managementUrl(path?: string): string;
  /** The first line of the log, written already or to come, that the predicate takes. */
  log(predicate: (line: LogLine) => boolean, what?: string): Promise<LogLine>;
  /** How many lines of the log so far the predicate takes. */
  logged(predicate: (line: LogLine) => boolean): number;
  /** Awaits the n-th line that says "consuming"; the second comes after a reconnect. */
  consuming(times?: number): Promise<LogLine>;
  /** Awaits that `/readyz` answers 200: it is connected and, with a stream, has caught up. */
  ready(): Promise<void>;
  /** All of standard output and of standard error so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** SIGSTOP: the process stands still, its sockets stay open. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Any other signal. */
  signal(name: Deno.Signal): void;
  /** Resolves when the process has ended by itself or by a signal. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** SIGTERM, and the end awaited. Safe to call twice. */
  stop(): Promise<Deno.CommandStatus>;
  /** SIGKILL, and the end awaited. */
  kill(): Promise<Deno.CommandStatus>;
}

/** How to start it. */
export interface StartOptions {
  /** Flags after the command. Free ports, host and log format are added unless they are named. */
  readonly args?: readonly string[];
  /** Added to an environment that holds nothing of Ranger's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Listeners that are where the configuration file says: no ports are added. */
  readonly portsOfFile?: boolean;
  /** `serve` unless told otherwise. */
  readonly command?: "serve" | "demo";
  /** Instead of the sources or RANGER_BIN. */
  readonly program?: readonly [string, ...string[]];
}

/** Keeps `serve` from the developer's own /etc/ranger/ranger.toml, which the demo never reads. */
const NO_FILE = { "--config": "/dev/null" };

const DEFAULTS = {
  "--host": "127.0.0.1",
  "--port": "0",
  "--management-host": "127.0.0.1",
  "--management-port": "0",
  "--log-format": "json",
  // Clients are closed at once, where the end is not what is tested.
  "--drain-seconds": "0",
};

/** The demo is quieter by itself. */
const LOUD = { "--log-level": "info" };

/**
 * Starts Ranger and waits until both of its listeners listen.
 *
 * Start and stop it in the same test (`await using`): its output is read all the time, which leak
 * tracing would hold against a test that runs meanwhile.
 *
 * @throws Error when it ends or does not listen in time, with what it wrote
 * @example
 * ```ts
 * await using ranger = await startRanger({ args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1"] });
 * await ranger.consuming();
 * const response = await fetch(ranger.managementUrl("/readyz"));
 * ```
 */
export async function startRanger(options: StartOptions = {}): Promise<RangerProcess> {
  const given = options.args ?? [];
  const command = options.command ?? "serve";
  const added = Object.entries({ ...DEFAULTS, ...(command === "serve" ? NO_FILE : LOUD) })
    .filter(([flag]) => !given.some((arg) => arg === flag || arg.startsWith(`${flag}=`)))
    .filter(([flag]) => !(options.portsOfFile && flag.endsWith("port")))
    .map(([flag, value]) => `${flag}=${value}`);
  const [file, ...first] = options.program ?? program();
  const child = new Deno.Command(file, {
    args: [...first, command, ...added, ...given],
    clearEnv: true,
    env: { ...cleanEnvironment(), ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ranger = new SpawnedRanger(child);
  try {
    await ranger.listening();
  } catch (error) {
    await ranger.kill();
    const { stdout, stderr } = ranger;
    throw new Error(`Ranger did not start\n${stdout}\n${stderr}`, { cause: error });
  }
  return ranger;
}

class SpawnedRanger implements RangerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #log: LogLines;
  readonly #read: Promise<unknown>;
  #stdout = "";
  port = 0;
  managementPort = 0;
  readonly ended: Promise<Deno.CommandStatus>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#log = new LogLines(child.stderr);
    this.#read = Promise.all([this.#log.end, this.#readStdout(child.stdout)]);
    this.ended = child.status;
  }

  async listening(): Promise<void> {
    const portOf = async (listener: string) => {
      const line = await this.log((line) => line.listener === listener, `the ${listener} port`);
      return Number(line.port);
    };
    [this.port, this.managementPort] = await Promise.all([
      portOf("public"),
      portOf("management"),
    ]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#log.text;
  }

  url(path = "/"): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  publicUrl(path = "/"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  managementUrl(path = "/"): string {
    return `http://127.0.0.1:${this.managementPort}${path}`;
  }

  log(predicate: (line: LogLine) => boolean, what = "a line of the log"): Promise<LogLine> {
    return this.#log.next(predicate, what);
  }

  logged(predicate: (line: LogLine) => boolean): number {
    return this.#log.lines.filter(predicate).length;
  }

  consuming(times = 1): Promise<LogLine> {
    let left = times;
    return this.log(
      (line) => line.message.startsWith("consuming") && --left === 0,
      `the line number ${times} that says consuming`,
    );
  }

  async ready(): Promise<void> {
    let answer = "";
    await until(
      async () => {
        const response = await fetch(this.managementUrl("/readyz"));
        answer = await response.text();
        return response.ok || undefined;
      },
      () => `the server to be ready: ${answer}`,
      60_000,
    );
  }

  pause(): void {
    this.signal("SIGSTOP");
  }

  resume(): void {
    this.signal("SIGCONT");
  }

  signal(name: Deno.Signal): void {
    signal(this.#child, name);
  }

  stop(): Promise<Deno.CommandStatus> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<Deno.CommandStatus> {
    return this.#end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(how: "SIGTERM" | "SIGKILL"): Promise<Deno.CommandStatus> {
    this.resume();
    await endProcess(this.#child, how);
    await bounded(this.#read, "Ranger's output to end: does a child of it live on?");
    return await this.ended;
  }

  async #readStdout(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#stdout += decoder.decode(chunk, { stream: true });
  }
}
