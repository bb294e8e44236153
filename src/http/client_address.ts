import { BlockList, isIPv6 } from "node:net";
import { readAddress } from "./address.ts";
import {
  forwardedAddresses,
  forwardedForAddresses,
  forwardedHops,
  forwardedProtocols,
} from "./forwarded.ts";

/**
 * Proxies that are believed where a client comes from.
 *
 * @example
 * ```ts
 * const proxies = new TrustedProxies(["10.0.0.0/8", "fd00::/8"]);
 * proxies.clientOf(socket.remoteAddress, request.headers); // "203.0.113.7"
 * ```
 */
export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #none: boolean;

  /** @param networks addresses, and networks in CIDR notation, all of them well formed */
  constructor(networks: readonly string[]) {
    this.#none = networks.length === 0;
    for (const network of networks) {
      const [address = "", length] = network.split("/");
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      if (length === undefined) this.#networks.addAddress(address, family);
      else this.#networks.addSubnet(address, Number(length), family);
    }
  }

  /**
   * Where a connection comes from: its peer, unless that is a trusted proxy. Then the headers are
   * read from the right, past further trusted proxies, up to the first address that is none: it
   * is the last one that somebody trusted saw, and whatever stands left of it anybody may have
   * written. Where the way back is lost (no header, no address, two headers that disagree, one of
   * which a client may have smuggled past the proxy), it is the last proxy that is known.
   *
   * @param peer as the socket has it
   */
  clientOf(peer: string, headers: Headers): string {
    const nearest = readAddress(peer) ?? peer;
    if (!this.#trusts(nearest)) return nearest;
    const forwarded = headers.get("forwarded");
    const forwardedFor = headers.get("x-forwarded-for");
    const client = forwarded === null
      ? undefined
      : this.#follow(nearest, forwardedAddresses(forwarded));
    if (forwardedFor === null) return client ?? nearest;
    const other = this.#follow(nearest, forwardedForAddresses(forwardedFor));
    return client === undefined || client === other ? other : nearest;
  }

  /**
   * By which protocol the client spoke to the first trusted proxy: what that proxy says, in
   * `Forwarded` or in `X-Forwarded-Proto`. Where nobody trusted says so, or the two disagree, it is
   * the one that is spoken here.
   *
   * @param peer as the socket has it
   */
  protocolOf(peer: string, headers: Headers): "http" | "https" {
    if (!this.#trusts(readAddress(peer) ?? peer)) return "http";
    const said = [this.#forwardedProtocol(headers), this.#otherProtocol(headers)]
      .filter((protocol) => protocol !== undefined);
    return said.length > 0 && said.every((protocol) => protocol === "https") ? "https" : "http";
  }

  #forwardedProtocol(headers: Headers): string | undefined {
    let said: string | undefined;
    for (const { address, protocol } of forwardedHops(headers.get("forwarded") ?? "")) {
      said = protocol ?? said;
      if (address === undefined || !this.#trusts(address)) break;
    }
    return said;
  }

  /** A proxy adds its word, or puts it in the place of what there was: there may be one alone. */
  #otherProtocol(headers: Headers): string | undefined {
    const protocols = forwardedProtocols(headers.get("x-forwarded-proto") ?? "");
    let said = protocols.next().value ?? undefined;
    for (const address of forwardedForAddresses(headers.get("x-forwarded-for") ?? "")) {
      if (address === undefined || !this.#trusts(address)) break;
      said = protocols.next().value ?? said;
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

  #trusts(address: string): boolean {
    // Most have no proxy, and each handshake asks.
    return !this.#none && this.#networks.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }
}
