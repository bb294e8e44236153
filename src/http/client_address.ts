import { BlockList, isIPv6 } from "node:net";
import { readAddress } from "./address.ts";
import {
  forwardedAddresses,
  forwardedForAddresses,
  forwardedHops,
  forwardedValues,
} from "./forwarded.ts";
import { isHost } from "./request_guard.ts";
import type { HeaderReader } from "./upgrade_request.ts";

/** The header in which proxies say where a client comes from. */
export type ForwardedHeader = "X-Forwarded-For" | "Forwarded";

/**
 * Proxies that are believed where a client comes from.
 *
 * @example
 * ```ts
 * const proxies = new TrustedProxies(["10.0.0.0/8", "fd00::/8"]);
 * const headers = new Headers({ "X-Forwarded-For": "203.0.113.7" });
 * proxies.clientOf("10.1.2.3", headers); // "203.0.113.7"
 * ```
 */
export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #none: boolean;
  readonly #header: ForwardedHeader;

  /**
   * @param networks addresses, and networks in CIDR notation, all of them well formed
   * @param header the one that the proxies write; the other may be a client's, and is not read
   */
  constructor(networks: readonly string[], header: ForwardedHeader = "X-Forwarded-For") {
    this.#header = header;
    this.#none = networks.length === 0;
    for (const network of networks) {
      const [address = "", length] = network.split("/");
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      if (length === undefined) this.#networks.addAddress(address, family);
      else this.#networks.addSubnet(address, Number(length), family);
    }
  }

  /**
   * Where a connection comes from: its peer, unless that is a trusted proxy. Then the proxies' header
   * is read from the right, past further trusted proxies, up to the first address that is none: it
   * is the last one that somebody trusted saw, and whatever stands left of it anybody may have
   * written. Where the way back is lost (no header, no address) it is the last proxy that is known.
   *
   * @param peer as the socket has it
   */
  clientOf(peer: string, headers: HeaderReader): string {
    const nearest = readAddress(peer) ?? peer;
    if (!this.#trusts(nearest)) return nearest;
    const value = headers.get(this.#header);
    if (value === null) return nearest;
    return this.#follow(
      nearest,
      this.#header === "Forwarded" ? forwardedAddresses(value) : forwardedForAddresses(value),
    );
  }

  /**
   * By which protocol the client spoke to the first trusted proxy: what that proxy says, in
   * `X-Forwarded-Proto` or in `Forwarded`. Where nobody trusted says so it is the one spoken here.
   *
   * @param peer as the socket has it
   */
  protocolOf(peer: string, headers: HeaderReader): "http" | "https" {
    return this.#said(peer, headers, "proto") === "https" ? "https" : "http";
  }

  /**
   * The host that the client asked: what the first trusted proxy says, in `X-Forwarded-Host` or in
   * `Forwarded`, else the request's own `Host`.
   *
   * @param peer as the socket has it
   */
  hostOf(peer: string, headers: HeaderReader): string {
    const said = this.#said(peer, headers, "host");
    return said !== undefined && isHost(said) ? said : headers.get("host") ?? "";
  }

  /** What the first trusted proxy says, in lower case. */
  #said(peer: string, headers: HeaderReader, what: "proto" | "host"): string | undefined {
    if (!this.#trusts(readAddress(peer) ?? peer)) return undefined;
    let said: string | undefined;
    if (this.#header === "Forwarded") {
      for (const hop of forwardedHops(headers.get("forwarded") ?? "")) {
        said = hop[what] ?? said;
        if (hop.address === undefined || !this.#trusts(hop.address)) break;
      }
      return said;
    }
    // A proxy adds its word, or puts it in the place of what there was: there may be one alone.
    const values = forwardedValues(headers.get(`x-forwarded-${what}`) ?? "");
    said = values.next().value ?? undefined;
    for (const address of forwardedForAddresses(headers.get("x-forwarded-for") ?? "")) {
      if (address === undefined || !this.#trusts(address)) break;
      said = values.next().value ?? said;
    }
    return said;
  }

  #follow(nearest: string, hops: Iterable<string | undefined>): string {
    let known = nearest;
    for (const hop of hops) {
      if (hop === undefined) return known;
      known = hop;
      if (!this.#trusts(known)) return known;
    }
    return known;
  }

  /** Whether a connection from there is a trusted proxy's. @param peer as the socket has it */
  trusts(peer: string): boolean {
    return this.#trusts(readAddress(peer) ?? peer);
  }

  #trusts(address: string): boolean {
    // Most have no proxy, and each handshake asks.
    return !this.#none && this.#networks.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }
}
