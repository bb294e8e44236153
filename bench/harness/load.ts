import { Program } from "./process.ts";

/** What `wsload` prints: see the top of bench/wsload.c. */
export interface LoadReport {
  readonly connections: number;
  readonly connected: number;
  readonly open_at_end: number;
  readonly connect_s: number;
  readonly window_s: number;
  readonly frames: number;
  readonly frames_per_s: number;
  readonly bytes_per_s: number;
  readonly frames_total: number;
  /** Least, median, most. */
  readonly frames_per_connection: readonly [number, number, number];
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
  readonly host: string;
  readonly port: number;
  /** With the streams in it: `/public/?stream=usdbtc.trades`. */
  readonly path: string;
  readonly connections: number;
  /** Of warming up and of the measured window; a window of 0 holds idle connections. */
  readonly warmup: number;
  readonly seconds: number;
  /** Seconds after the end for what is still on its way. */
  readonly drain: number;
  readonly core: number;
}

/**
 * A running load generator.
 *
 * @example
 * ```ts
 * const load = Load.start({ wsload, host: "127.0.0.1", port, path, connections: 1000, warmup: 1, seconds: 3, drain: 3, core: 1 });
 * await load.ready;
 * await publishFor(4);
 * const report = await load.finish({ "usdbtc.trades": 4000 });
 * ```
 */
export class Load {
  /** All connections were tried, and the warm-up begins. */
  readonly ready: Promise<unknown>;
  readonly measuring: Promise<unknown>;
  readonly measured: Promise<unknown>;
  readonly #program: Program;

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  private constructor(options: LoadOptions) {
    const { wsload, host, port, path, connections, warmup, seconds, drain, core } = options;
    const flags = ["--control", "--from", "1", "--warmup", `${warmup}`, "--drain", `${drain}`];
    this.#program = Program.start(
      [wsload, ...flags, host, `${port}`, path, `${connections}`, `${seconds}`],
      { core, input: true },
    );
    this.ready = this.#program.line("ready");
    this.measuring = this.#program.line("measuring");
    this.measured = this.#program.line("measured");
    // whoever waits for one of them sees the failure; nobody has to wait for all
    for (const moment of [this.ready, this.measuring, this.measured]) moment.catch(() => {});
  }

  /**
   * Tells it which number was the last of each stream, and returns its report once everything
   * came or the drain time is over.
   *
   * @throws Error when the generator failed, that is, when no connection was made at all
   */
  async finish(last: Readonly<Record<string, number>>): Promise<LoadReport> {
    const lines = Object.entries(last).map(([stream, seq]) => `last ${stream} ${seq}\n`);
    await this.#program.say(lines.join("") + "end\n");
    const text = await this.#program.output;
    await this.#program.ended;
    if (!text) throw new Error(`wsload failed: ${this.#program.complaint()}`);
    return JSON.parse(text) as LoadReport;
  }
}
