import { ConfigurationError } from "../../errors.ts";

/** Milliseconds between two writes. */
const WRITE_INTERVAL = 1_000;

/**
 * A file that keeps a position in the server's log, for `--resume`. It is replaced, not
 * overwritten, so that it is whole at any time.
 *
 * @example
 * ```ts
 * const file = await PositionFile.open("trades.cursor");
 * file.cursor; // where the last one ended
 * file.note("2f-k3j9x0q1z7d");
 * await file.close();
 * ```
 */
export class PositionFile {
  readonly path: string;
  /** What was in it; undefined if it is not there yet, or empty. */
  readonly cursor: string | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #noted: string | undefined;
  #written: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    cursor: string | undefined,
    failed: (error: ConfigurationError) => void,
  ) {
    this.path = path;
    this.cursor = this.#written = cursor;
    this.#timer = setInterval(() => void this.#save().catch(failed), WRITE_INTERVAL);
  }

  /**
   * @param failed called when it cannot be written later on
   * @throws {ConfigurationError} it cannot be read or written, or has no cursor in it
   */
  static async open(
    path: string,
    failed: (error: ConfigurationError) => void = () => {},
  ): Promise<PositionFile> {
    let text = "";
    if (path === "") throw new ConfigurationError("--resume: expected the path of a file");
    try {
      // A device would be replaced, or read without end.
      const { isFile, isDirectory } = await Deno.stat(path);
      if (!isFile && !isDirectory) {
        throw new ConfigurationError(`--resume: ${path} is not a regular file`);
      }
      text = (await Deno.readTextFile(path)).trim();
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      if (!(error instanceof Deno.errors.NotFound)) throw problem(path, "read", error);
    }
    if (!/^[\w-]{0,40}$/.test(text)) {
      throw new ConfigurationError(
        `--resume: ${path} has no cursor in it; remove it to begin with new events`,
      );
    }
    try {
      await Deno.writeTextFile(`${path}.new`, `${text}\n`);
      await Deno.remove(`${path}.new`);
    } catch (error) {
      throw problem(path, "written", error);
    }
    return new PositionFile(path, text || undefined, failed);
  }

  /** The position has changed: it is written within a second. */
  note(cursor: string | undefined): void {
    this.#noted = cursor ?? this.#noted;
  }

  /**
   * Writes what is not written yet.
   *
   * @throws {ConfigurationError} it cannot be written
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#save();
  }

  #save(): Promise<void> {
    return this.#writing = this.#writing.catch(() => {}).then(async () => {
      const cursor = this.#noted;
      if (cursor === undefined || cursor === this.#written) return;
      try {
        await Deno.writeTextFile(`${this.path}.new`, `${cursor}\n`);
        await Deno.rename(`${this.path}.new`, this.path);
        this.#written = cursor;
      } catch (error) {
        throw problem(this.path, "written", error);
      }
    });
  }
}

function problem(path: string, what: "read" | "written", error: unknown): ConfigurationError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigurationError(`--resume: ${path} cannot be ${what}: ${reason}`);
}
