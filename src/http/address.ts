import { isIP } from "node:net";

/** `1.2.3.4:80`, and addresses in brackets, with or without a port. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]*)\])(?::\d+)?$/;

/** An IPv4 address within IPv6 (RFC 4291 §2.5.5.2), as URLs write it. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Reads an IP address as sockets and proxies write it: with brackets, a port or a zone, or none of
 * them.
 *
 * @returns the address in one spelling: IPv6 as RFC 5952 has it, IPv4 as four numbers even where it
 * came inside of IPv6; `undefined` when it is not an address
 *
 * @example
 * ```ts
 * readAddress("[2001:DB8:0::17]:4711"); // "2001:db8::17"
 * readAddress("::ffff:192.0.2.1"); // "192.0.2.1"
 * readAddress("unknown"); // undefined
 * ```
 */
export function readAddress(text: string): string | undefined {
  const [, v4, v6] = WITH_PORT.exec(text) ?? [];
  const bare = (v4 ?? v6 ?? text).replace(/%.*$/, "");
  const version = isIP(bare);
  if (version !== 6) return version === 4 ? bare : undefined;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = MAPPED.exec(canonical);
  if (mapped === null) return canonical;
  const bits = parseInt(mapped[1]!, 16) * 0x10000 + parseInt(mapped[2]!, 16);
  return [24, 16, 8, 0].map((shift) => bits / 2 ** shift & 0xff).join(".");
}
