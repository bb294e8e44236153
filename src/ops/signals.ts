const SIGNALS = ["SIGINT", "SIGTERM"] as const;

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
