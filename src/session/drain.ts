import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds between two shares at least; more clients than one each are closed together. */
const STEP = 20;

/** The clients to close: all of a process. */
export interface Drained {
  /** How many there are still. */
  readonly size: number;
  /** Begins to close `count` clients; resolves when their sockets are gone. */
  close(count: number): Promise<void>;
}

/**
 * Closes all clients, spread evenly over a time: clients that come back a fixed second after they
 * were closed come back spread as well.
 *
 * @param over milliseconds; 0 closes all at once
 * @returns `told` resolves when everybody has the close frame, `gone` when the last socket is gone
 *
 * @example
 * ```ts
 * declare const clients: Drained;
 * const { told, gone } = drain(clients, 10_000);
 * await told;
 * await gone;
 * ```
 */
export function drain(
  clients: Drained,
  over: number,
): { readonly told: Promise<void>; readonly gone: Promise<void> } {
  const closing: Promise<void>[] = [];
  const told = (async () => {
    const end = performance.now() + over;
    while (clients.size > 0) {
      const left = end - performance.now();
      const pause = Math.max(STEP, left / clients.size);
      // Counted each time: some clients leave by themselves, and a handshake may just have finished.
      const share = Math.max(1, Math.round(clients.size * pause / left));
      closing.push(clients.close(left < pause ? clients.size : share));
      if (clients.size > 0) await delay(pause);
    }
  })();
  return { told, gone: told.then(() => Promise.all(closing)).then(() => {}) };
}
