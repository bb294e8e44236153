/** The parts of a broker's URL, each decoded. */
export interface AmqpAddress {
  readonly scheme: "amqp" | "amqps";
  readonly user: string;
  readonly password: string;
  /** An IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  /** `?heartbeat=10` or empty. */
  readonly query: string;
}

/** The query parameters that the AMQP client reads; values of others are hidden when shown. */
const QUERY = new Set(["name", "heartbeat", "frameMax", "channelMax", "insecure"]);

/**
 * Parses an AMQP URL.
 *
 * @returns the address, or what is wrong as text that follows "the value"; it never quotes the URL,
 *   because a password that is not percent-encoded may be in any of its parts
 * @example
 * ```ts
 * parseAmqpUrl("amqp://ann:s%2Fcret@mq/live"); // { user: "ann", password: "s/cret", vhost: "live", … }
 * parseAmqpUrl("http://mq"); // "begins with http://"
 * ```
 */
export function parseAmqpUrl(text: string): AmqpAddress | string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return "is not a URL";
  if (scheme !== "amqp" && scheme !== "amqps") return `begins with ${scheme}://`;
  // Unencoded / ? # @ in a password cut the URL at the wrong place: refused rather than guessed.
  const rest = text.slice(scheme.length + 3);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  if (rest.slice(authority.length).includes("@") || rest.includes("#")) {
    return "has a character that must be percent-encoded (/ ? # or @ in user or password)";
  }
  if (authority.split("@").length > 2) return "has an @ that must be written %40";
  try {
    const url = new URL(text);
    if (url.hostname === "") return "has no host";
    return {
      scheme,
      user: decodeURIComponent(url.username) || "guest",
      password: decodeURIComponent(url.password) || "guest",
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? (scheme === "amqps" ? 5671 : 5672) : Number(url.port),
      vhost: decodeURIComponent(url.pathname.slice(1)) || "/",
      query: url.search,
    };
  } catch {
    return "cannot be read (a bad port, or a % that is not written %25)";
  }
}

/**
 * Formats an address as a URL, with its parts percent-encoded.
 *
 * @example
 * ```ts
 * const address = parseAmqpUrl("amqp://localhost");
 * if (typeof address !== "string") formatAmqpUrl(address); // "amqp://guest:guest@localhost:5672/"
 * ```
 */
export function formatAmqpUrl(address: AmqpAddress): string {
  return join(address, encodeURIComponent(address.password), address.query);
}

/** The URL for people: the password is `***`. */
export function showAmqpUrl(address: AmqpAddress): string {
  const shown = new URLSearchParams(address.query);
  for (const name of [...shown.keys()]) if (!QUERY.has(name)) shown.set(name, "hidden");
  return join(address, "***", shown.size === 0 ? "" : `?${shown}`);
}

/**
 * A broker's name in the log: host, port and virtual host, without user and password.
 *
 * @example
 * ```ts
 * brokerName("amqp://ann:secret@mq:5672/live"); // "mq:5672/live"
 * ```
 */
export function brokerName(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}`;
}

function join(address: AmqpAddress, password: string, query: string): string {
  const { scheme, port } = address;
  const user = encodeURIComponent(address.user);
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const vhost = address.vhost === "/" ? "" : encodeURIComponent(address.vhost);
  return `${scheme}://${user}:${password}@${host}:${port}/${vhost}${query}`;
}
