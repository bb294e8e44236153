/** A server under load as the write delay sees it, for tests of its control. */
import { WriteDelay } from "../../src/delivery/write_delay.ts";

/** A load, as measured on a server that runs. */
export interface PlantLoad {
  /** Connections that are written to. */
  readonly connections: number;
  /** Frames a second, of all connections. */
  readonly framesPerSecond: number;
  /** Microseconds of the core that a write takes. */
  readonly writeUs: number;
  /** Share of the core that all else takes. */
  readonly otherShare: number;
}

/**
 * Measured on two cores of a shared virtual machine on 28 November 2026, from what `record` was
 * given in the benchmark's hot and market scenarios.
 */
export const MEASURED = {
  hot: { connections: 1000, framesPerSecond: 500_000, writeUs: 5.3, otherShare: 0.03 },
  market: { connections: 1000, framesPerSecond: 250_000, writeUs: 5.6, otherShare: 0.08 },
} as const satisfies Record<string, PlantLoad>;

/** Milliseconds of a turn of the flusher. */
const TURN_MS = 5;

/** What a second of the load came to. */
export interface PlantSample {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly delayMs: number;
  /** Share of the core in this turn. */
  readonly share: number;
}

/**
 * Runs a {@linkcode WriteDelay} in a closed loop: longer delays make fewer writes, which take less of
 * the core. What exceeds the core makes the next writes late.
 *
 * @example
 * ```ts
 * const plant = new WritePlant();
 * const samples = plant.run(MEASURED.hot, 1000);
 * samples.at(-1)?.share; // about 0.7
 * ```
 */
export class WritePlant {
  readonly writeDelay: WriteDelay;
  #now = 0;
  #cpuMs = 0;
  #lateMs = 0;
  #random = 1;

  constructor() {
    this.writeDelay = new WriteDelay(() => this.#cpuMs);
  }

  /** @param noise part by which the load of a turn differs from the mean at most */
  run(load: PlantLoad, milliseconds: number, noise = 0.2): PlantSample[] {
    const samples: PlantSample[] = [];
    for (let at = 0; at < milliseconds; at += TURN_MS) {
      const { delayMs } = this.writeDelay;
      const framesMs = load.framesPerSecond / 1000 * (1 + noise * (this.#next() - 0.5) * 2);
      // A pass over all connections: the mean wait is half of it.
      const passMs = load.connections * load.writeUs / 1000 / 2;
      const waitMs = delayMs + this.#lateMs + passMs;
      const perWrite = 1 + framesMs / load.connections * waitMs;
      const frames = framesMs * TURN_MS;
      const writes = frames / perWrite;
      const writingMs = writes * load.writeUs / 1000;
      const wanted = writingMs + load.otherShare * TURN_MS;
      // What does not fit into the turn is late, and gathers frames meanwhile.
      this.#lateMs = Math.max(0, this.#lateMs + (wanted - TURN_MS) / 2);
      const usedMs = Math.min(wanted, TURN_MS);
      this.#cpuMs += usedMs;
      this.#now += TURN_MS;
      const tookMs = Math.min(writingMs, TURN_MS * (1 - load.otherShare));
      const turn = { writes, frames, waitMs: waitMs * writes, tookMs, lateMs: this.#lateMs };
      this.writeDelay.record(turn, this.#now);
      samples.push({ at, delayMs: this.writeDelay.delayMs, share: usedMs / TURN_MS });
    }
    return samples;
  }

  /** Numbers from 0 to 1, the same in every run (Park and Miller's generator). */
  #next(): number {
    this.#random = this.#random * 48_271 % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}

/** The mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
