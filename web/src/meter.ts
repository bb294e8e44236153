/** Period over which rates are averaged. */
const WINDOW_MS = 3000;

/** Counts messages and bytes, in total and per second. */
export class Meter {
  messages = 0;
  bytes = 0;
  readonly #samples: { at: number; messages: number; bytes: number }[] = [];

  add(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  /**
   * Returns the rates of the last few seconds.
   *
   * @param now milliseconds of a monotonic clock
   */
  rates(now: number): { messages: number; bytes: number } {
    const { messages, bytes } = this;
    this.#samples.push({ at: now, messages, bytes });
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > WINDOW_MS) {
      this.#samples.shift();
    }
    const first = this.#samples[0]!;
    const seconds = Math.max(now - first.at, 1) / 1000;
    return {
      messages: this.#samples.length < 2 ? 0 : (messages - first.messages) / seconds,
      bytes: this.#samples.length < 2 ? 0 : (bytes - first.bytes) / seconds,
    };
  }
}
