/**
 * Whether a browser's page may connect, judged by its `Origin` header (RFC 6454).
 *
 * @param origin the header's value
 * @param host the request's `Host`
 * @param allowed `*`, or hosts (`example.com`: any scheme and port), hosts with port, URLs (scheme,
 * host and port), each of them with `*.` for all hosts below; empty: the request's own host, and
 * nothing else
 *
 * @example
 * ```ts
 * allowsOrigin("https://trade.example.com", "ws.example.com", ["*.example.com"]); // true
 * allowsOrigin("https://evil.example", "ws.example.com", []); // false
 * ```
 */
export function allowsOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (allowed.includes("*")) return true;
  // "null", the origin of sandboxed pages and local files, is not a URL, and belongs to no host.
  const page = URL.parse(origin.toLowerCase());
  if (page === null || page.host === "") return false;
  if (allowed.length === 0) return page.host === read(page.protocol, host)?.host;
  return allowed.some((entry) => matches(entry, page));
}

/**
 * Whether a page comes from a server on the browser's own machine, on whatever port: of somebody who
 * develops it, mostly. Names that a resolver may lead elsewhere are none.
 *
 * @param origin the header's value
 *
 * @example
 * ```ts
 * isLoopbackOrigin("http://localhost:5173"); // true
 * isLoopbackOrigin("http://localhost.example.com"); // false
 * ```
 */
export function isLoopbackOrigin(origin: string): boolean {
  const page = URL.parse(origin);
  return page !== null && /^https?:$/.test(page.protocol) && page.username === "" &&
    /^(localhost|127\.0\.0\.1|\[::1\])$/.test(page.hostname);
}

const ENTRY = /^(?:([^/]+:)\/\/)?(\*\.)?(.+?)\/?$/;

function matches(entry: string, page: URL): boolean {
  const [, scheme, anyLabel, authority = ""] = ENTRY.exec(entry.toLowerCase()) ?? [];
  if (scheme !== undefined && scheme !== page.protocol) return false;
  const wanted = read(page.protocol, authority);
  if (wanted === null) return false;
  const namesPort = scheme !== undefined || /:\d+$/.test(authority);
  if (namesPort && wanted.port !== page.port) return false;
  return anyLabel === undefined
    ? page.hostname === wanted.hostname
    : page.hostname.endsWith(`.${wanted.hostname}`);
}

/** A host as URLs of that scheme have it: in lower case, and without the scheme's own port. */
function read(protocol: string, host: string): URL | null {
  return URL.parse(`${protocol}//${host.toLowerCase()}`);
}
