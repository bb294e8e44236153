/** The kind of an error. Codes are stable; messages may change. */
export type ErrorCode =
  /** The URL is not a WebSocket URL, or its path needs a header that browsers cannot send. */
  | "url"
  /** An option has an invalid value. */
  | "option"
  /** The runtime has no WebSocket, and the options name none. */
  | "no-websocket"
  /**
   * The connection is closed permanently: by `close()`, the signal, or too many failed attempts.
   */
  | "closed"
  /** No connection is open at the moment. */
  | "not-connected"
  /** The name of a stream is invalid. */
  | "name"
  /** The server refused the subscription to a stream. */
  | "refused"
  /** The connection has reached the server's limit of streams. */
  | "too-many-streams"
  /** The stream is private, and the client has no token. */
  | "unauthenticated"
  /** The server rejected the token. */
  | "token-refused"
  /** The function that fetches the token failed. */
  | "token-unavailable"
  /** A loop with the `error` policy read more slowly than events arrived. */
  | "overflow"
  /** The server or the client received a message that it cannot read. */
  | "protocol";

/**
 * The class of every error of this client.
 *
 * @example
 * ```ts
 * import { connect } from "@ranger-ws/client";
 *
 * const ranger = connect("wss://example.com/public");
 * ranger.onError((error) => {
 *   if (error.code === "token-refused") console.log("Please sign in again");
 * });
 * ```
 */
export class RangerError extends Error {
  override readonly name = "RangerError";
  /** The kind of error, for programs; see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** The stream that the error concerns, if any. */
  readonly stream: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    stream?: string,
    cause?: unknown,
  ) {
    super(message, cause ? { cause } : {});
    this.code = code;
    this.stream = stream;
  }
}

/** @throws {RangerError} always, with the code `option` */
export function invalidOption(option: string, right: string, given: unknown): never {
  throw new RangerError("option", `${option} must be ${right}, not ${given}`);
}

/** @throws {RangerError} `option`: an option has a name that is not known */
export function checkOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown) throw new RangerError("option", `Unknown option "${unknown}"; known: ${known}`);
}

export function notConnected(): RangerError {
  return new RangerError("not-connected", "The connection is not open");
}
