import type { EventSource } from "../source/source.ts";

/**
 * Whether the daemon is ready for clients, and the reasons if not.
 *
 * A lost broker is reported only after a grace time: all instances lose it at once, and a restart of
 * the broker should not make the load balancer remove them all. A broker that was never reached is
 * reported at once.
 *
 * @example
 * ```ts
 * import { type EventSource } from "../source/source.ts";
 * declare const source: EventSource;
 * const readiness = new Readiness(source, 10);
 * readiness.reasons(); // ["no events come in: …"]
 * ```
 */
export class Readiness {
  readonly #source: EventSource;
  readonly #brokerGraceMs: number;

  /** @param brokerGrace seconds for which the broker may be lost */
  constructor(source: EventSource, brokerGrace: number) {
    this.#source = source;
    this.#brokerGraceMs = brokerGrace * 1000;
  }

  /** One sentence per reason; empty if the daemon is ready. */
  reasons(): readonly string[] {
    const { connected, detail, everConnected, lasted, caughtUp, lag } = this.#source.state;
    if (connected && caughtUp) return [];
    if (connected) {
      return [`events published before the start are being read: ${lag.events} to go`];
    }
    if (everConnected && caughtUp && lasted < this.#brokerGraceMs) return [];
    return [`no events come in: ${detail}`];
  }
}
