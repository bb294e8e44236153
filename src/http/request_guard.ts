import type { IncomingMessage } from "node:http";

/** `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2): no userinfo, no path, no query. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** The absolute form of a target, which proxies use (RFC 9112 §3.2.2). */
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** Whether a text is a host with or without a port, as `Host` has it. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/** The part of a request that decides what it is, checked. */
export interface RequestTarget {
  /** The authority that the request is for; `localhost` where an HTTP/1.0 request names none. */
  readonly host: string;
  /** Path and query as the request line has them. */
  readonly target: string;
  /** The path alone, neither decoded nor normalised: what access is judged by. */
  readonly path: string;
}

/**
 * Checks the parts of a request that different readers could understand differently, before
 * anything is decided by them: the target, Host and Authorization.
 *
 * HTTP/1.1 requires exactly one Host line; HTTP/1.0 requires none (RFC 9112 §3.2).
 *
 * @returns the target, or a sentence for the client that says what is wrong: the answer is 400
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * createServer((incoming, outgoing) => {
 *   const checked = checkRequest(incoming);
 *   if (typeof checked === "string") outgoing.writeHead(400).end(checked);
 * });
 * ```
 */
export function checkRequest(incoming: IncomingMessage): RequestTarget | string {
  const { url = "", httpVersion, headers } = incoming;
  const hosts = countOf(incoming, "host");
  if (hosts > 1) return "The request has more than one Host header.";
  if (hosts === 0 && httpVersion !== "1.0") return "The Host header is missing.";
  const named = headers.host ?? "localhost";
  if (named !== "" && !HOST.test(named)) return "The Host header is not a host.";
  if (countOf(incoming, "authorization") > 1) {
    return "The request has more than one Authorization header.";
  }
  const [, authority, rest] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined) {
    if (!url.startsWith("/")) return "The request target is not a path.";
    // A fragment does not belong into a request (RFC 9112 §3.2.1); clients that send it mean no harm.
    const [target = url] = url.split("#", 1);
    return { host: named, target, path: pathOf(target) };
  }
  if (!HOST.test(authority)) return "The request target has no valid host.";
  const target = rest?.startsWith("/") ? rest : `/${rest ?? ""}`;
  return { host: authority, target, path: pathOf(target) };
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** How many lines a header has: the parsed headers keep the first or join them. */
function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at]!;
    if (written.length === name.length && written.toLowerCase() === name) count++;
  }
  return count;
}
