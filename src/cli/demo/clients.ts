import * as z from "zod";

/** Milliseconds between two requests. */
const INTERVAL = 1_000;

/** The part of `/stats` that is used here. */
const Stats = z.object({ connections: z.object({ open: z.number() }) });

/**
 * Reads the number of clients from the management port once a second.
 *
 * @example
 * ```ts
 * const count = new ClientCount("http://127.0.0.1:8082");
 * count.others; // 3; undefined until the first answer
 * await count.stop();
 * ```
 */
export class ClientCount {
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #asking: Promise<void>;
  #open: number | undefined;

  /** @param management URL of the management port, without a path */
  constructor(management: string) {
    this.#url = `${management}/stats`;
    this.#asking = this.#ask();
    this.#timer = setInterval(() => this.#asking = this.#ask(), INTERVAL);
  }

  /** Clients besides the demo's own view; undefined if unknown. */
  get others(): number | undefined {
    return this.#open === undefined ? undefined : Math.max(0, this.#open - 1);
  }

  /** Stops reading; resolves when the last request has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(INTERVAL)]);
      const response = await fetch(this.#url, { signal });
      this.#open = Stats.parse(await response.json()).connections.open;
    } catch {
      // The line is shown without the count; the market matters more.
      this.#open = undefined;
    }
  }
}
