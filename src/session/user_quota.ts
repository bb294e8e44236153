import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** How many connections one user may have. The object is read at every use. */
export interface UserQuotaLimits {
  /** 0: no limit. */
  readonly connectionsPerUser: number;
}

/**
 * Limits the connections of each user. Those that are open are counted by the hub; this adds those
 * whose handshake was accepted and that are not open yet.
 *
 * @example
 * ```ts
 * declare const [users, open]: [UserQuota, () => void];
 * if (users.reserve("ID123")) {
 *   open();
 *   users.release("ID123");
 * }
 * ```
 */
export class UserQuota {
  readonly #limits: UserQuotaLimits;
  readonly #hit: LabelledCounter;
  readonly #connectionsOf: (uid: string) => number;
  readonly #reserved = new Map<string, number>();

  /**
   * @param hit counts the connections that were refused
   * @param connectionsOf the open connections of a user
   */
  constructor(
    limits: UserQuotaLimits,
    hit: LabelledCounter,
    connectionsOf: (uid: string) => number,
  ) {
    this.#limits = limits;
    this.#hit = hit;
    this.#connectionsOf = connectionsOf;
  }

  /** Whether the user may have one more connection. */
  allows(uid: string): boolean {
    const { connectionsPerUser } = this.#limits;
    if (connectionsPerUser === 0) return true;
    const connections = this.#connectionsOf(uid) + (this.#reserved.get(uid) ?? 0);
    if (connections < connectionsPerUser) return true;
    this.#hit.add("connections_per_user");
    return false;
  }

  /** Reserves a connection for a handshake. @returns whether the user may have it */
  reserve(uid: string): boolean {
    if (!this.allows(uid)) return false;
    this.#reserved.set(uid, (this.#reserved.get(uid) ?? 0) + 1);
    return true;
  }

  /** Ends a reservation, when the connection is open or will not be. */
  release(uid: string): void {
    const left = (this.#reserved.get(uid) ?? 0) - 1;
    if (left > 0) this.#reserved.set(uid, left);
    else this.#reserved.delete(uid);
  }
}
