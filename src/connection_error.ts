import { connect, isIP, type Socket } from "node:net";

/** Reasons by the error code of the system (errno(3)) or of the resolver (getaddrinfo(3)). */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  EADDRNOTAVAIL: "this machine has no address to connect from",
  EACCES: "a firewall of this machine refuses it",
  EPERM: "a firewall of this machine refuses it",
  EMFILE: "no file descriptors are left",
  ENOTFOUND: "the host's name cannot be resolved",
  EAI_AGAIN: "the host's name cannot be resolved: the name server does not answer",
};

/** What node:net adds to an error of connecting. */
interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
}

/**
 * That no connection to a host was made. Its message names each address that was tried, with what
 * happened there; the address is left out where the host is that address.
 *
 * @example
 * ```ts
 * declare const error: Error; // from node:net
 * new ConnectionError(error, "127.0.0.1").message; // "nothing listens there"
 * new ConnectionError(error, "localhost").message;
 * // "[::1]:5672: nothing listens there; 127.0.0.1:5672: nothing listens there"
 * ```
 */
export class ConnectionError extends Error {
  /**
   * `ECONNREFUSED`, `ENOTFOUND`, …; of several addresses that differ, `ECONNREFUSED` if one of them
   * has it, since a host that refuses is there. Empty where the error has none.
   */
  readonly code: string;

  /**
   * @param cause of node:net or node:tls; an AggregateError where several addresses were tried
   * @param host that was connected to, as it was given
   */
  constructor(cause: unknown, host: string) {
    const errors = flat(cause);
    const texts = errors.map((error) => {
      const { address, port } = error as SystemError;
      return address === undefined || address === host
        ? reasonOf(error)
        : `${endpoint(address, port)}: ${reasonOf(error)}`;
    });
    super([...new Set(texts)].join("; "), { cause });
    const codes = errors.map(({ code }) => code ?? "");
    this.code = codes.find((code) => code === "ECONNREFUSED") ?? codes[0] ?? "";
  }
}

/**
 * The addresses that a socket tries, and what happened at each so far: for timeouts, which come
 * without an error for the address that did not answer.
 *
 * @example
 * ```ts
 * import { connect } from "node:net";
 * const attempts = new ConnectionAttempts(connect({ host: "mq", port: 5672 }), "mq", 5672);
 * String(attempts); // "10.0.0.5:5672: no answer"
 * ```
 */
export class ConnectionAttempts {
  readonly #states = new Map<string, string>();
  readonly #host: string;

  /**
   * @param socket that has not begun to connect
   * @param host as it was given
   */
  constructor(socket: Socket, host: string, port: number) {
    this.#host = host;
    socket.on("lookup", (error, address) => {
      if (error === null) this.#states.set(endpoint(String(address), port), "no answer");
    });
    socket.on("connectionAttemptFailed", (address, port, _family, error) => {
      this.#states.set(endpoint(address, port), reasonOf(error));
    });
    socket.on("connect", () => {
      this.#states.set(endpoint(socket.remoteAddress ?? host, port), "connected, no answer");
    });
  }

  /** Empty where there is nothing to say: the name is not resolved yet, or the host is an address. */
  toString(): string {
    if (isIP(this.#host) !== 0) return "";
    return [...this.#states].map(([address, state]) => `${address}: ${state}`).join("; ");
  }
}

/**
 * Connects and disconnects, for the reason why a connection cannot be made. For APIs whose own
 * errors do not name the addresses, such as `fetch`.
 *
 * @param milliseconds that it may take
 * @returns the error, or undefined where the connection was made
 */
export async function probe(
  host: string,
  port: number,
  milliseconds: number,
): Promise<ConnectionError | undefined> {
  const socket = connect({ host, port });
  const attempts = new ConnectionAttempts(socket, host, port);
  const { promise, resolve } = Promise.withResolvers<ConnectionError | undefined>();
  socket.on("error", (error) => resolve(new ConnectionError(error, host)));
  socket.on("connect", () => resolve(undefined));
  const timer = setTimeout(
    () => resolve(new ConnectionError(new Error(String(attempts) || "no answer"), host)),
    milliseconds,
  );
  const error = await promise;
  clearTimeout(timer);
  socket.destroy();
  return error;
}

/** The errors of the single addresses, in the order in which those were tried. */
function flat(error: unknown): SystemError[] {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(flat);
  return [error instanceof Error ? error : new Error(String(error))];
}

/** Never empty. */
function reasonOf({ code = "", message, name }: SystemError): string {
  return REASONS[code] ?? (message || code || name);
}

/** `127.0.0.1:5672`, `[::1]:5672` */
function endpoint(address: string, port: number | undefined): string {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}
