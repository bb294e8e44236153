/** What a server and a client got of their cores in each phase of a measurement. */
import { cpuSeconds, family, waitedSeconds } from "./proc.ts";

/**
 * A server that waited this share of a phase for its core shared it with other programs: what its
 * clients got late says nothing about the server. For its own threads it waits up to 3 %.
 */
export const DISTURBED = 0.05;

/** Of one phase, as shares of its time. */
export interface Phase {
  /** The server's CPU, of one core. */
  readonly cpu: number;
  /** Ready to run while the core ran something else: the server, and the clients on average. */
  readonly waited: number;
  readonly clientsWaited: number;
}

/** Seconds so far of what a {@linkcode Phase} has the shares of, and when that was. */
export interface Reading extends Phase {
  readonly time: number;
}

/**
 * Starts to measure; the function returned says what there was since its last call.
 *
 * @param read the seconds until now
 *
 * @example
 * ```ts
 * declare const server: number, client: number;
 * const phaseOver = phaseMeter(() => readingOf(server, [client]));
 * await new Promise((resolve) => setTimeout(resolve, 3_000));
 * console.log(phaseOver().waited); // 0.004
 * ```
 */
export function phaseMeter(read: () => Reading): () => Phase {
  let last = read();
  return () => {
    const from = last;
    const to = last = read();
    const share = (of: keyof Phase) => (to[of] - from[of]) / (to.time - from.time);
    return {
      cpu: share("cpu"),
      waited: share("waited"),
      clientsWaited: share("clientsWaited"),
    };
  };
}

/** What a {@linkcode phaseMeter} reads of a server and the processes of its clients. */
export function readingOf(server: number, clients: readonly number[]): Reading {
  return {
    time: performance.now() / 1_000,
    cpu: sum(family(server).map(cpuSeconds)),
    waited: waitedSeconds(server),
    clientsWaited: sum(clients.map(waitedSeconds)) / clients.length,
  };
}

/** Whether the server had to share its core with other programs in one of the phases. */
export function isDisturbed(phases: readonly Phase[]): boolean {
  return phases.some(({ waited }) => waited >= DISTURBED);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
