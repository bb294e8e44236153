/** Maximum number of characters that wait for a slow reader. */
const MAX_WAITING = 8 * 1024 * 1024;

/**
 * Lines on standard output, written without blocking the event loop. A limited amount waits for a
 * slow reader; lines above it are dropped.
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
  #dropped = 0;

  /** Resolves when the reader is gone, as `head -1` is after its first line. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Lines dropped because too much was waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns false if the line was dropped */
  line(text: string): boolean {
    if (this.#size > MAX_WAITING) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(text);
    this.#size += text.length + 1;
    this.#writing ??= this.#write();
    return true;
  }

  /** Resolves when every accepted line is written. */
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
      // A pipe without a reader, a closed terminal, a full disk: there is nowhere to report it.
      this.#gone.resolve();
      return await new Promise(() => {});
    }
    this.#writing = undefined;
  }
}
