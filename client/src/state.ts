/** Who the server takes this connection for, as its token says. */
export interface Identity {
  readonly uid: string;
  readonly role: string | undefined;
  /** When the token ends, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/** How the connection is; each state that is waited in says why. */
export type State =
  /** A connection is being opened. */
  | { readonly status: "connecting"; readonly attempt: number }
  /** Events flow. `identity` is undefined for an anonymous connection. */
  | { readonly status: "open"; readonly identity: Identity | undefined }
  /** The connection was lost, or could not be opened; the next attempt comes by itself. */
  | {
    readonly status: "waiting";
    readonly reason: string;
    /** The WebSocket's close code, where there was one. */
    readonly code: number | undefined;
    readonly attempt: number;
    /** Of the next attempt, in milliseconds since the epoch. */
    readonly retryAt: number;
  }
  /** Over for good. */
  | {
    readonly status: "closed";
    readonly reason: string;
    readonly code: number | undefined;
  };
