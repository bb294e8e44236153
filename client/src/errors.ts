/** What went wrong; codes stay, messages may be reworded. */
export type ErrorCode =
  /** The URL is none that a WebSocket can be opened to, or needs what this client cannot send. */
  | "url"
  /** An option is not what it should be. */
  | "option"
  /** This runtime has no WebSocket of its own, and none was given. */
  | "no-websocket"
  /** The connection is closed for good: by `close()`, by the signal, or after too many attempts. */
  | "closed"
  /** There is no open connection at the moment. */
  | "not-connected"
  /** A stream's name that cannot be one. */
  | "name"
  /** The server refused a stream. */
  | "refused"
  /** The connection holds as many streams as the server allows. */
  | "too-many-streams"
  /** A private stream, and nobody is signed in. */
  | "unauthenticated"
  /** The server did not accept the token. */
  | "token-refused"
  /** The token could not be had: the function that fetches it failed. */
  | "token-unavailable"
  /** A reader was slower than its stream, and asked to be told. */
  | "overflow"
  /** The server did not understand this client, or the other way round. */
  | "protocol";

/**
 * Every error of this client.
 *
 * @example
 * ```ts
 * ranger.onError((error) => {
 *   if (error.code === "token-refused") signOut();
 * });
 * ```
 */
export class RangerError extends Error {
  override readonly name = "RangerError";
  /** For programs; see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** The stream that it is about, where it is about one. */
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

/** @throws {RangerError} always: an option is not what it should be */
export function invalidOption(option: string, right: string, given: unknown): never {
  throw new RangerError("option", `${option} must be ${right}, not ${given}`);
}

export function notConnected(): RangerError {
  return new RangerError("not-connected", "There is no open connection");
}
