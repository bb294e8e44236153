/** Characters that wait for a slow reader at most. */
const MOST = 8 * 1024 * 1024;

/**
 * Lines on standard output for whoever reads them, at whatever pace: the loop never waits for the
 * reader, and what waits for him has an end.
 *
 * @example
 * ```ts
 * const output = new Output();
 * output.line("one");
 * await Promise.race([output.flush(), output.gone]);
 * ```
 */
export class Output {
  readonly #encoder = new TextEncoder();
  readonly #gone = Promise.withResolvers<void>();
  #waiting: string[] = [];
  #size = 0;
  #writing: Promise<void> | undefined;
  #leftOut = 0;

  /** Resolves when nobody reads any more: `| head -1` has seen enough. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Lines that were not taken because too much waited. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** @returns whether it was taken */
  line(text: string): boolean {
    if (this.#size > MOST) {
      this.#leftOut++;
      return false;
    }
    this.#waiting.push(text);
    this.#size += text.length + 1;
    this.#writing ??= this.#write();
    return true;
  }

  /** Resolves when all that was taken is written, or nobody reads any more. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = this.#encoder.encode(`${this.#waiting.join("\n")}\n`);
        this.#waiting = [];
        this.#size = 0;
        for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
      }
    } catch {
      // A pipe without a reader, a terminal that was closed, a disk that is full: nothing to say
      // it to.
      this.#gone.resolve();
      return await new Promise(() => {});
    }
    this.#writing = undefined;
  }
}
