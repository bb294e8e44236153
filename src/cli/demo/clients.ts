import * as z from "zod";

/** Milliseconds between two questions. */
const INTERVAL = 1_000;

/** The part of `/stats` that is read here. */
const Stats = z.object({ connections: z.object({ open: z.number() }) });

/**
 * Asks the management port once a second how many clients there are.
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

  /** @param management where the management port is, without a path */
  constructor(management: string) {
    this.#url = `${management}/stats`;
    this.#asking = this.#ask();
    this.#timer = setInterval(() => this.#asking = this.#ask(), INTERVAL);
  }

  /** Clients besides the demo's own view; undefined when that is not known. */
  get others(): number | undefined {
    return this.#open === undefined ? undefined : Math.max(0, this.#open - 1);
  }

  /** Asks no more; resolves when the last question has been given up. */
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
      // The line goes without the count: the market is what it is about.
      this.#open = undefined;
    }
  }
}
