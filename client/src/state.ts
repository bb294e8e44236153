/** The identity of the connection, from its token. */
export interface Identity {
  readonly uid: string;
  readonly role: string | undefined;
  /** When the token expires, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/** The state of the connection. */
export type State =
  /** A connection is being opened. */
  | { readonly status: "connecting"; readonly attempt: number }
  /** The connection is open. */
  | {
    readonly status: "open";
    /** Undefined while the connection is anonymous. */
    readonly identity: Identity | undefined;
    /** `down` while the server receives nothing from the exchange. */
    readonly source: "up" | "down";
  }
  /** The connection was lost or could not be opened; the next attempt is scheduled. */
  | {
    readonly status: "waiting";
    readonly reason: string;
    /** The WebSocket's close code, if there was one. */
    readonly code: number | undefined;
    readonly attempt: number;
    /** Time of the next attempt, in milliseconds since the epoch. */
    readonly retryAt: number;
  }
  /** The connection is closed permanently. */
  | {
    readonly status: "closed";
    readonly reason: string;
    readonly code: number | undefined;
    /** The reason of the signal that was aborted. */
    readonly cause?: unknown;
  };
