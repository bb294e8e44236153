import { isIPv6 } from "node:net";
import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** How many clients there may be. The object is read whenever it matters. */
export interface ConnectionQuotaLimits {
  readonly connections: number;
  /** 0: any number. */
  readonly connectionsPerAddress: number;
}

/** The limit that leaves no place, by its name in the file. */
export type QuotaExceeded = "connections" | "connections_per_address";

/**
 * Places for clients: taken before a token is verified, given back when the client has gone or was
 * refused.
 *
 * @example
 * ```ts
 * declare const places: ConnectionQuota;
 * const exceeded = places.take("203.0.113.7");
 * if (exceeded === undefined) places.release("203.0.113.7"); // after the connection has ended
 * ```
 */
export class ConnectionQuota {
  readonly #limits: ConnectionQuotaLimits;
  readonly #hit: LabelledCounter;
  readonly #byNetwork = new Map<string, number>();
  #taken = 0;

  /** @param hit counts those for whom there was none */
  constructor(limits: ConnectionQuotaLimits, hit: LabelledCounter) {
    this.#limits = limits;
    this.#hit = hit;
  }

  /** Places taken now. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes one.
   *
   * @param address where the client comes from; it is counted whether there is a limit or not
   * @returns `undefined` when there was one
   */
  take(address: string): QuotaExceeded | undefined {
    const none = this.#lacking(address);
    if (none !== undefined) {
      this.#hit.add(none);
      return none;
    }
    this.#taken++;
    this.#count(networkOf(address), 1);
    return undefined;
  }

  /** Gives one back, with what it was taken with. */
  release(address: string): void {
    this.#taken--;
    this.#count(networkOf(address), -1);
  }

  #lacking(address: string): QuotaExceeded | undefined {
    const { connections, connectionsPerAddress } = this.#limits;
    if (this.#taken >= connections) return "connections";
    if (connectionsPerAddress === 0) return undefined;
    const sharing = this.#byNetwork.get(networkOf(address)) ?? 0;
    return sharing >= connectionsPerAddress ? "connections_per_address" : undefined;
  }

  #count(network: string, by: number): void {
    const count = (this.#byNetwork.get(network) ?? 0) + by;
    if (count === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, count);
  }
}

/**
 * What counts as one address: an IPv6 client has the whole /64 network it is in to itself, 2^64
 * addresses to come from (RFC 6177, RFC 4291 §2.5.1).
 *
 * @param address in the one spelling that RFC 5952 gives it
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [left = "", right] = address.split("::");
  const groups = left === "" ? [] : left.split(":");
  if (right !== undefined) {
    const after = right === "" ? 0 : right.split(":").length;
    while (groups.length + after < 8) groups.push("0");
  }
  return groups.slice(0, 4).join(":");
}
