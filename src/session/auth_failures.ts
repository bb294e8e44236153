import type { FailureBudget } from "../auth/verifier.ts";
import type { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { networkOf } from "./connection_quota.ts";

/** How many tokens may fail to verify. The object is read at every use. */
export interface AuthFailureLimits {
  /** Per minute and connection; 0: no limit. */
  readonly authFailures: number;
  /** Per minute and address; 0: no limit. */
  readonly authFailuresPerAddress: number;
}

/** A connection whose failures count; the field belongs to {@linkcode AuthFailures}. */
export interface FailureHolder {
  /** When it may fail as often as at first, in milliseconds of the monotonic clock; 0 at first. */
  failuresForgottenAt: number;
}

/** Addresses that are remembered; the one whose last failure is the oldest is forgotten first. */
const MAX_NETWORKS = 10_000;

const MINUTE_MS = 60_000;

/**
 * Counts the tokens that did not verify, by connection and by address: verifying a forged signature
 * costs far more than sending it. Both are token buckets, kept as one number each.
 *
 * @example
 * ```ts
 * import { type TokenVerifier } from "../auth/verifier.ts";
 * declare const [verifier, failures, session]: [TokenVerifier, AuthFailures, FailureHolder];
 * await verifier.verify("eyJhbGciOi…", failures.of("203.0.113.7", session));
 * ```
 */
export class AuthFailures {
  readonly #limits: AuthFailureLimits;
  readonly #hit: LabelledCounter;
  readonly #now: () => number;
  readonly #byNetwork = new Map<string, number>();

  /**
   * @param hit counts tokens that were refused without verifying them
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    limits: AuthFailureLimits,
    hit: LabelledCounter,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#hit = hit;
    this.#now = now;
  }

  /**
   * The budget of one client.
   *
   * @param address of the client
   * @param holder the connection; left out at the handshake, where only the address counts
   */
  of(address: string, holder?: FailureHolder): FailureBudget {
    const networkHere = () => networkOf(address);
    const isSpentAt = (now: number, isHereOnly: boolean) => {
      const { authFailures, authFailuresPerAddress } = this.#limits;
      const isSpent = isAbove(authFailures, holder?.failuresForgottenAt, now) ||
        !isHereOnly && isAbove(authFailuresPerAddress, this.#byNetwork.get(networkHere()), now);
      if (isSpent) this.#hit.add("auth_failures");
      return isSpent;
    };
    const failedHere = (now: number) => {
      const { authFailures } = this.#limits;
      if (!holder || authFailures === 0) return;
      // No more than is forgotten in a minute: one that goes on is not locked out for longer.
      const forgottenAt = Math.min(holder.failuresForgottenAt, now + MINUTE_MS);
      holder.failuresForgottenAt = later(forgottenAt, now, authFailures);
    };
    return {
      isSpentHere: () => isSpentAt(this.#now(), true),
      isSpent: () => isSpentAt(this.#now(), false),
      refused: () => failedHere(this.#now()),
      failed: () => {
        const now = this.#now();
        failedHere(now);
        const { authFailuresPerAddress } = this.#limits;
        if (authFailuresPerAddress === 0) return;
        const network = networkHere();
        const forgottenAt = this.#byNetwork.get(network) ?? 0;
        this.#remember(network, later(forgottenAt, now, authFailuresPerAddress));
      },
    };
  }

  #remember(network: string, forgottenAt: number): void {
    this.#byNetwork.delete(network);
    if (this.#byNetwork.size >= MAX_NETWORKS) {
      const [oldest] = this.#byNetwork.keys();
      this.#byNetwork.delete(oldest!);
    }
    this.#byNetwork.set(network, forgottenAt);
  }
}

/** One failure more, at `perMinute` of them. */
function later(forgottenAt: number, now: number, perMinute: number): number {
  return Math.max(forgottenAt, now) + MINUTE_MS / perMinute;
}

/** Whether one failure more would be above the limit. */
function isAbove(perMinute: number, forgottenAt: number | undefined, now: number): boolean {
  if (perMinute === 0 || forgottenAt === undefined) return false;
  // Half a failure of room: sums of fractions are not exact.
  return forgottenAt - now > MINUTE_MS - MINUTE_MS / perMinute / 2;
}
