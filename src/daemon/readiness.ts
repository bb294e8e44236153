import type { EventSource } from "../source/source.ts";

/**
 * Whether the daemon should be sent clients, and why not.
 *
 * A broker that was lost is given a while to come back, so that a restart of it does not have the
 * load balancer take all instances out at once; they all lost it. One that was never reached is
 * told at once.
 *
 * @example
 * ```ts
 * const readiness = new Readiness(source, 10);
 * readiness.reasons(); // ["no events come in: …"]
 * ```
 */
export class Readiness {
  readonly #source: EventSource;
  readonly #grace: number;

  /** @param grace seconds that a lost broker may take to come back */
  constructor(source: EventSource, grace: number) {
    this.#source = source;
    this.#grace = grace * 1000;
  }

  /** A sentence for everything that is not as it should be; none when the daemon is ready. */
  reasons(): readonly string[] {
    const { connected, detail, everConnected, lasted } = this.#source.state;
    if (connected) return [];
    if (everConnected && lasted < this.#grace) return [];
    return [`no events come in: ${detail}`];
  }
}
