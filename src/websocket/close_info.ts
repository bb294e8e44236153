/** How a connection ended. */
export interface CloseInfo {
  /** The code on the wire, or one of 1005 and 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
  /** Who began. */
  readonly by: "client" | "server" | "network";
}

/** Why a client was closed, for the client and whoever counts. */
export const SLOW_CONSUMER = "slow consumer";
/** Why a client was cut, for whoever counts. */
export const NO_SIGN_OF_LIFE = "no sign of life";
