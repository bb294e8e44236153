import type { IncomingMessage } from "node:http";
import type { RequestTarget } from "./request_guard.ts";

/** The part of `Headers` that deciding about an upgrade takes. */
export type HeaderReader = Pick<Headers, "get">;

/** The last host that makes a URL: clients of one server all name the same. */
let knownHost: string | undefined;

/**
 * A request that asks for a WebSocket, with as much of a `Request` as Hono and the rules of
 * upgrades read: method, URL, and headers by their names. A `Request` with its `Headers` takes more
 * time and memory than everything that is decided by them.
 *
 * @throws {TypeError} the host makes no URL
 *
 * @example
 * ```ts ignore
 * await app.fetch(upgradeRequest(incoming, target), slot);
 * ```
 */
export function upgradeRequest(incoming: IncomingMessage, target: RequestTarget): Request {
  return new UpgradeRequest(incoming, target) as unknown as Request;
}

class UpgradeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderReader;

  constructor({ method = "GET", headers }: IncomingMessage, { host, target }: RequestTarget) {
    const origin = `http://${host}`;
    if (host !== knownHost) {
      if (!URL.canParse(origin)) throw new TypeError("not a host");
      knownHost = host;
    }
    this.method = method;
    this.url = origin + target;
    this.headers = new IncomingHeaders(headers);
  }
}

/** Headers as node:http has parsed them, by names in any case. */
class IncomingHeaders implements HeaderReader {
  readonly #headers: IncomingMessage["headers"];

  constructor(headers: IncomingMessage["headers"]) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    const value = this.#headers[name.toLowerCase()];
    return value === undefined ? null : Array.isArray(value) ? value.join(", ") : value;
  }
}
