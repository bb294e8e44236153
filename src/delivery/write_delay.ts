import { processCpuMs } from "../telemetry/process_cpu.ts";

const MAX_WRITE_DELAY_MS = 20;
/** The delay and the wait for the outboxes that are due before, together, where that can be kept. */
const DELAY_BUDGET_MS = 24;
/** Length of the window over which the load is measured. */
const WINDOW_MS = 25;
/**
 * The share of a core that the process may use before frames are delayed. Below it a longer delay
 * would save time that nobody needs.
 */
const TARGET_SHARE = 0.7;
/** From this share of the time spent writing on, writes cannot be more frequent, however late. */
const FULL_SHARE = 0.8;
/** The share that is left for writing where everything else takes more than the target. */
const MIN_WRITING_SHARE = 0.05;
/** The longest delay must gather this many more frames in a write, or there is none. */
const MIN_GAIN = 0.5;
/** The part of a window's measurements that counts in the next one, so that the delay is steady. */
const MEMORY = 0.5;
/** The part of the way to the computed delay that is gone in one window. */
const DAMPING = 0.5;
/** A change in one window, in milliseconds: at least possible, whatever the delay is. */
const MIN_STEP_MS = 2;

/** Milliseconds of CPU that the process has used, on all its threads. */
export type CpuClock = () => number;

/**
 * How long a connection's frames accumulate before they are written.
 *
 * The system call is the cost, so a delay buys fewer, longer writes. It is spent only when it buys
 * something: while the process uses less of a core than a target, there is none. Above it, the delay
 * is the shortest one that brings the process back to the target, up to 20 ms. How much that is
 * follows from what was measured: the time that writes took, the frames that gathered in each, and
 * how long those had waited. Where nothing gathers, as with one stream of few events and very many
 * subscribers, waiting would gain nothing. Where writes take long, on a slow machine or with many
 * connections, a frame also waits for the writes before it, and the delay is shorter by that.
 *
 * @example
 * ```ts
 * const writeDelay = new WriteDelay();
 * const now = performance.now();
 * writeDelay.record({ writes: 1000, frames: 5000, waitMs: 2500, tookMs: 8, lateMs: 3 }, now);
 * setTimeout(() => console.log("flush"), writeDelay.delayMs);
 * ```
 */
export class WriteDelay {
  /** Milliseconds from a connection's first pending frame to its write. */
  delayMs = 0;
  readonly #cpu: CpuClock;
  #windowStart = 0;
  #cpuStart = 0;
  #elapsedMs = 0;
  #cpuMs = 0;
  #writes = 0;
  #frames = 0;
  #waitMs = 0;
  #writingMs = 0;
  #maxLateMs = 0;

  constructor(cpu: CpuClock = processCpuMs) {
    this.#cpu = cpu;
  }

  /**
   * Takes writes that were made into account.
   *
   * @param now milliseconds by a monotonic clock
   */
  record(turn: WrittenTurn, now: number): void {
    this.#writes += turn.writes;
    this.#frames += turn.frames;
    this.#waitMs += turn.waitMs;
    this.#writingMs += turn.tookMs;
    if (turn.lateMs > this.#maxLateMs) this.#maxLateMs = turn.lateMs;
    const windowMs = now - this.#windowStart;
    if (windowMs < WINDOW_MS) return;
    const cpu = this.#cpu();
    this.#elapsedMs += windowMs;
    this.#cpuMs += cpu - this.#cpuStart;
    this.#windowStart = now;
    this.#cpuStart = cpu;
    this.#adjust(this.#cpuMs / this.#elapsedMs, this.#writingMs / this.#elapsedMs);
    // After a pause, what was before it says nothing.
    this.#keep(windowMs < 4 * WINDOW_MS ? MEMORY : 0);
  }

  #keep(part: number): void {
    this.#elapsedMs *= part;
    this.#cpuMs *= part;
    this.#writes *= part;
    this.#frames *= part;
    this.#waitMs *= part;
    this.#writingMs *= part;
    this.#maxLateMs = 0;
  }

  #adjust(cpuShare: number, writingShare: number): void {
    const maxMs = writingShare > FULL_SHARE
      ? MAX_WRITE_DELAY_MS
      : Math.max(0, Math.min(MAX_WRITE_DELAY_MS, DELAY_BUDGET_MS - this.#maxLateMs));
    const wantedMs = Math.min(this.#wantedMs(cpuShare, writingShare), maxMs);
    const stepMs = Math.max(MIN_STEP_MS, this.delayMs / 2);
    const change = (wantedMs - this.delayMs) * DAMPING;
    const next = this.delayMs + Math.max(-stepMs, Math.min(stepMs, change));
    // A timer is not more exact, and the way to zero would have no end.
    this.delayMs = next < 0.25 ? 0 : Math.min(next, MAX_WRITE_DELAY_MS);
  }

  /**
   * The delay with which the process would use the target share.
   *
   * A write carries the frame that it was scheduled for, and those that came while it waited: with
   * half the writes, each carries twice the frames, so the others must have twice plus one the time.
   */
  #wantedMs(cpuShare: number, writingShare: number): number {
    if (this.#writes === 0 || writingShare === 0) return 0;
    const gathered = this.#frames / this.#writes - 1;
    const waitMs = this.#waitMs / this.#writes;
    // Frames that come in bursts gather without a wait; then the shortest wait stands for it.
    const gatheredPerMs = gathered / Math.max(waitMs, 0.1);
    if (gatheredPerMs * MAX_WRITE_DELAY_MS < MIN_GAIN) return 0;
    // Preempted by other processes, writing takes longer than the process has the core.
    const otherShare = Math.max(0, cpuShare - writingShare);
    const share = Math.max(MIN_WRITING_SHARE, TARGET_SHARE - otherShare);
    const wantedGathered = (gathered + 1) * writingShare / share - 1;
    if (wantedGathered <= 0) return 0;
    // Beyond the delay, a frame waits for the writes before its own.
    const behindMs = Math.max(0, waitMs - this.delayMs);
    return Math.max(0, wantedGathered / gatheredPerMs - behindMs);
  }
}

/** What one turn of the flusher wrote. */
export interface WrittenTurn {
  readonly writes: number;
  /** Frames that they carried. */
  readonly frames: number;
  /** Milliseconds that each write had waited since it was scheduled, summed up. */
  readonly waitMs: number;
  /** Milliseconds that all writes took. */
  readonly tookMs: number;
  /** Milliseconds that the first write was behind its time. */
  readonly lateMs: number;
}
