import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** How many bytes of initial states one connection is sent. Read at every use. */
export interface StateBudgetLimits {
  /** Bytes per second, on average; 0: no limit. */
  readonly stateRate: number;
  /** Bytes at once. */
  readonly stateBurst: number;
}

/** A client that has a budget; the field belongs to {@linkcode StateBudget}. */
export interface BudgetHolder {
  /** When its budget is full again, in milliseconds of the monotonic clock; 0 at first. */
  budgetFullAt: number;
}

/**
 * Milliseconds that a client without budget waits at least: enough budget for several small states,
 * so that it is not resumed for each of them.
 */
const MIN_WAIT_MS = 250;

/**
 * Limits the bytes of initial states that each client is sent: a token bucket per client, kept as
 * one number. A state may be sent as long as anything is left of the budget, so that also a state
 * larger than the burst is sent; the next one then waits for longer.
 *
 * Bytes count before compression, since encoding a state costs more than sending it.
 *
 * @example
 * ```ts
 * import { LabelledCounter } from "../telemetry/labelled_counter.ts";
 * declare const [limits, subscriber]: [StateBudgetLimits, BudgetHolder];
 * const budget = new StateBudget(limits, new LabelledCounter());
 * if (!budget.isSpent(subscriber)) budget.charge(subscriber, 40_000);
 * ```
 */
export class StateBudget {
  readonly #limits: StateBudgetLimits;
  readonly #hit: LabelledCounter | undefined;
  readonly #now: () => number;

  /**
   * @param hit counts how often clients had to wait; left out if they are not counted
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    limits: StateBudgetLimits,
    hit?: LabelledCounter,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#hit = hit;
    this.#now = now;
  }

  /** Whether the client must wait for its next state. */
  isSpent(holder: BudgetHolder): boolean {
    return this.#debtMs(holder) > 0;
  }

  /** The part of its budget that the client has used: 0 for none, 1 for all, more when it is spent. */
  used(holder: BudgetHolder): number {
    const { stateRate, stateBurst } = this.#limits;
    if (stateRate === 0 || holder.budgetFullAt === 0) return 0;
    return Math.max(0, 1 + this.#debtMs(holder) * stateRate / 1000 / stateBurst);
  }

  /** The client is sent a state of that many bytes. */
  charge(holder: BudgetHolder, bytes: number): void {
    const { stateRate } = this.#limits;
    if (stateRate === 0) return;
    holder.budgetFullAt = Math.max(holder.budgetFullAt, this.#now()) + bytes / stateRate * 1000;
  }

  /** Counts a client that has to wait. @returns milliseconds until it may be sent the next state */
  delay(holder: BudgetHolder): number {
    this.#hit?.add("state_rate");
    return Math.max(this.#debtMs(holder), MIN_WAIT_MS);
  }

  /** Milliseconds until something is left of the budget; 0 or less when there is. */
  #debtMs({ budgetFullAt }: BudgetHolder): number {
    const { stateRate, stateBurst } = this.#limits;
    // A client that was sent nothing yet is not worth a look at the clock.
    if (stateRate === 0 || budgetFullAt === 0) return 0;
    return budgetFullAt - this.#now() - stateBurst / stateRate * 1000;
  }
}
