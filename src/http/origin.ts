/**
 * Whether a browser's page may connect, judged by its `Origin` header (RFC 6454).
 *
 * @param origin the header's value
 * @param host the request's `Host`
 * @param allowed `*`, or hosts (`example.com`: any port), hosts with port, URLs (scheme, host and
 * port), `*.example.com`; empty: the request's own host, and nothing else
 *
 * @example
 * ```ts
 * allowsOrigin("https://trade.example.com", "ws.example.com", ["*.example.com"]); // true
 * allowsOrigin("https://evil.example", "ws.example.com", []); // false
 * ```
 */
export function allowsOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (allowed.includes("*")) return true;
  let page: URL;
  try {
    page = new URL(origin);
  } catch {
    // "null", the origin of sandboxed pages and local files, is nobody's.
    return false;
  }
  if (page.host === "") return false;
  if (allowed.length === 0) return page.host === withoutDefaultPort(page.protocol, host);
  return allowed.some((entry) => matches(entry.toLowerCase(), page));
}

function matches(entry: string, page: URL): boolean {
  if (entry.includes("://")) {
    return URL.canParse(entry) && new URL(entry).origin === page.origin;
  }
  if (entry.startsWith("*.")) return page.hostname.endsWith(entry.slice(1));
  if (/:\d+$/.test(entry)) return withoutDefaultPort(page.protocol, entry) === page.host;
  return entry === page.hostname;
}

/** As URLs have it: lower case, and no port where it is the scheme's own. */
function withoutDefaultPort(protocol: string, host: string): string {
  const port = protocol === "https:" ? ":443" : ":80";
  const lower = host.toLowerCase();
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
