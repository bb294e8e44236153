import { Program } from "./process.ts";

/** What `wsload` prints: see the top of bench/wsload.c. */
export interface LoadReport {
  readonly connections: number;
  readonly connected: number;
  readonly open_at_end: number;
  readonly connect_s: number;
  /** Connections that TCP had to ask for more than once, after a second and more. */
  readonly retried: number;
  /** The first line of the answer to a handshake that was refused; empty when none was. */
  readonly refusal: string;
  readonly snapshots: number;
  /** Connections that have all the snapshots due to them, and when the last one had. */
  readonly served: number;
  readonly served_s: number;
  /** Connections that were sent `resumed`, and when the last one was. */
  readonly resumed: number;
  readonly resumed_s: number;
  readonly window_s: number;
  readonly frames: number;
  readonly frames_per_s: number;
  readonly bytes_per_s: number;
  readonly frames_total: number;
  /** Least, median, most. */
  readonly frames_per_connection: readonly [number, number, number];
  /** Of TCP, of some connections: where the client keeps up, that is frames per write. */
  readonly frames_per_segment: number;
  readonly latency: {
    readonly samples: number;
    readonly p50_ms: number;
    readonly p99_ms: number;
    readonly max_ms: number;
  };
  readonly violations: Readonly<Record<string, number>>;
  readonly violations_total: number;
  /** Kind, reason and the beginning of the payload; empty when there was none. */
  readonly first_violation: string;
  /** Frames that should have come and did not. */
  readonly missing: number;
  readonly answers: number;
  readonly pings: number;
  readonly closes: number;
  readonly first_close_code: number;
  /** Connections that ended without a close frame. */
  readonly cut: number;
  /** Of one core, by the generator. */
  readonly cpu: number;
}

/** What to load a server with. */
export interface LoadOptions {
  readonly wsload: string;
  readonly port: number;
  /** With the streams in them, taken in turn: `/public/?stream=usdbtc.trades`. */
  readonly paths: readonly string[];
  /** More flags of wsload. */
  readonly flags: readonly string[];
  readonly connections: number;
  /** Of warming up and of the measured window; a window of 0 holds idle connections. */
  readonly warmup: number;
  readonly seconds: number;
  /** Seconds after the end for what is still on its way. */
  readonly drain: number;
  readonly core: number;
  /** Whether it runs only while nothing else wants its core. */
  readonly idle?: boolean;
}

/**
 * A running load generator.
 *
 * @example
 * ```ts
 * declare const options: LoadOptions; // 1000 connections, 3 seconds
 * declare const publishFor: (seconds: number) => Promise<void>;
 * const load = await Load.start(options);
 * await load.ready;
 * await publishFor(4);
 * const report = await load.finish("last usdbtc.trades 4000\n");
 * ```
 */
export class Load {
  /** All connections were tried, and the warm-up begins. */
  readonly ready: Promise<unknown>;
  /** Each connection has the snapshots due to it. */
  readonly served: Promise<unknown>;
  /** Each connection was sent `resumed`. */
  readonly resumed: Promise<unknown>;
  readonly measuring: Promise<unknown>;
  readonly measured: Promise<unknown>;
  readonly program: Program;

  static async start(options: LoadOptions): Promise<Load> {
    if (options.paths.length === 1) return new Load(options, []);
    const file = await Deno.makeTempFile({ prefix: "ranger-bench-paths-" });
    await Deno.writeTextFile(file, options.paths.join("\n"));
    const load = new Load(options, ["--paths", file]);
    load.ready.catch(() => {}).finally(() => Deno.remove(file));
    return load;
  }

  private constructor(options: LoadOptions, paths: readonly string[]) {
    const { wsload, port, connections, warmup, seconds, drain, core, idle = false } = options;
    const flags = ["--control", "--warmup", `${warmup}`, "--drain", `${drain}`];
    this.program = Program.start([
      wsload,
      ...flags,
      ...paths,
      ...options.flags,
      ...["127.0.0.1", `${port}`, options.paths[0]!, `${connections}`, `${seconds}`],
    ], { core, idle, input: true });
    this.ready = this.program.line("ready");
    this.served = this.program.line("served");
    this.resumed = this.program.line("resumed");
    this.measuring = this.program.line("measuring");
    this.measured = this.program.line("measured");
    // a caller that awaits one of them sees its failure; no caller has to await all
    for (const moment of [this.ready, this.served, this.resumed, this.measuring, this.measured]) {
      moment.catch(() => {});
    }
  }

  /**
   * Tells it which number was the last of each stream, and returns its report once everything
   * came or the drain time is over.
   *
   * @param last lines `last STREAM NUMBER [CONNECTION]`
   * @param reported called once everything came, before connections are closed
   * @throws Error when the generator failed, that is, when no connection was made at all
   */
  async finish(last = "", reported: () => void = () => {}): Promise<LoadReport> {
    await this.program.say(`${last}end\n`);
    const text = await this.program.output;
    reported();
    await this.program.ended;
    if (!text) throw new Error(`wsload failed: ${this.program.complaint()}`);
    return JSON.parse(text) as LoadReport;
  }
}
