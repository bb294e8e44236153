const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * The word to read the settings again. It is listened for from the moment that this is made: until
 * then it would end the process.
 *
 * @example
 * ```ts
 * const hangups = new Hangups();
 * const daemon = await startDaemon(settings, source);
 * hangups.handle(() => void reloader.reload());
 * ```
 */
export class Hangups {
  #came = false;
  #handler: (() => void) | undefined;

  constructor() {
    Deno.addSignalListener("SIGHUP", () => {
      this.#came = true;
      this.#handler?.();
    });
  }

  /** Calls back each time, at once where it came before anybody could be called. */
  handle(handler: () => void): void {
    this.#handler = handler;
    if (this.#came) handler();
  }
}

/**
 * Waits for the word to stop. A second signal ends the process at once.
 *
 * @returns which signal it was
 *
 * @example
 * ```ts
 * const daemon = await startDaemon(settings, source);
 * await untilSignal();
 * await daemon.stop();
 * ```
 */
export function untilSignal(): Promise<(typeof SIGNALS)[number]> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of SIGNALS) {
      Deno.addSignalListener(signal, () => {
        // 128 and the signal's number, as shells have it.
        if (seen) Deno.exit(signal === "SIGINT" ? 130 : 143);
        seen = true;
        resolve(signal);
      });
    }
  });
}
