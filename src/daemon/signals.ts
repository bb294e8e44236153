const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * SIGHUP, which makes the server read the settings again. Construct this first: without a listener
 * the signal ends the process.
 *
 * @example
 * ```ts
 * const hangups = new Hangups(); // a signal from now on is not lost
 * hangups.handle(() => console.log("reload")); // when the daemon has started
 * ```
 */
export class Hangups {
  #received = false;
  #handler: (() => void) | undefined;

  constructor() {
    Deno.addSignalListener("SIGHUP", () => {
      this.#received = true;
      this.#handler?.();
    });
  }

  /** Calls the handler at each signal, and at once if one was received before. */
  handle(handler: () => void): void {
    this.#handler = handler;
    if (this.#received) handler();
  }
}

/**
 * Waits for SIGINT or SIGTERM. A second one ends the process at once.
 *
 * @returns the signal
 *
 * @example
 * ```ts
 * const signal = await untilSignal();
 * console.log(`${signal}: shutting down`);
 * ```
 */
export function untilSignal(): Promise<(typeof SIGNALS)[number]> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of SIGNALS) {
      Deno.addSignalListener(signal, () => {
        // 128 plus the signal's number, as in shells.
        if (seen) Deno.exit(signal === "SIGINT" ? 130 : 143);
        seen = true;
        resolve(signal);
      });
    }
  });
}
