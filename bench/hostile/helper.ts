import { Program } from "../harness/process.ts";

/** Lines of standard error by which a helper speaks to the benchmark; its own errors are others. */
const READY = "helper: ready";
const DONE = "helper: done ";
const BEGIN = "begin\n";

/**
 * A process that plays clients: it connects them, says that it is ready, begins when all are, and
 * reports what it saw. It stays after that, with its connections, until it is disposed of.
 */
export class Helper<Report> implements AsyncDisposable {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /**
   * @param script the path of a module that calls {@linkcode beReady} and {@linkcode finish}
   * @param options for it, as JSON
   * @param order whether it goes before everything else on its core, or after that
   * @throws {Error} with what it wrote, when it ends before it is ready
   */
  static async start<Report>(
    script: string,
    options: unknown,
    { isFirst }: { readonly isFirst: boolean },
  ): Promise<Helper<Report>> {
    const deno = [Deno.execPath(), "run", "-A", script, JSON.stringify(options)];
    const program = Program.start(isFirst ? ["nice", "-n", "-10", ...deno] : deno, {
      input: true,
      idle: !isFirst,
    });
    try {
      await program.line(READY);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return new Helper(program);
  }

  /** Has it begin; resolves when it is done. */
  async run(): Promise<Report> {
    const done = this.#program.line(DONE);
    await this.#program.say(BEGIN);
    return JSON.parse((await done).slice(DONE.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
  }
}

/** In the helper's process: says that it is ready, and waits until it is to begin. */
export async function beReady(): Promise<void> {
  console.error(READY);
  await Deno.stdin.read(new Uint8Array(BEGIN.length));
}

/** In the helper's process: reports, and waits to be stopped. */
export async function finish(report: unknown): Promise<void> {
  console.error(DONE + JSON.stringify(report));
  await new Promise(() => setInterval(() => {}, 60_000));
}
