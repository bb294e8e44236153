import { CloseCode } from "./frame.ts";

/**
 * Why a connection ended, for counters and the log; it is never on the wire. `message rate`,
 * `revoked`, `token expired`, `events lost` and `shutdown` are the application's reasons, all others this room's.
 */
export type CloseCause =
  /** The client sent the first close frame. */
  | "client"
  /** TCP ended without a close frame. */
  | "network"
  /** The client broke RFC 6455. */
  | "protocol violation"
  | "message too large"
  | "message rate"
  | "message timeout"
  /** The token or the user was revoked. */
  | "revoked"
  /** The token's time is over, and the client cannot send another one on this connection. */
  | "token expired"
  /** The client does not read what it is sent. */
  | "slow consumer"
  /** The client does not answer pings. */
  | "idle"
  /** Events were lost, which the client can only learn by connecting again. */
  | "events lost"
  | "shutdown";

/** How a connection ended. */
export interface CloseInfo {
  /** The close code on the wire, or 1005 or 1006 when there was none (RFC 6455 §7.4.1). */
  readonly code: number;
  /** The reason on the wire. */
  readonly reason: string;
  /** The side that ended it. */
  readonly by: "client" | "server" | "network";
  readonly cause: CloseCause;
}

/** A close that the server begins. */
export type ServerClose = Omit<CloseInfo, "by">;

/** The closes that the server begins, except those for violations of the protocol. */
export const SERVER_CLOSES = {
  slowConsumer: policyViolation("slow consumer", "slow consumer"),
  messageRate: policyViolation("message rate", "too many messages"),
  /** The client gets no close frame: it would not answer that either. */
  idle: { code: CloseCode.Abnormal, reason: "no sign of life", cause: "idle" },
  revoked: policyViolation("revoked", "revoked"),
  tokenExpired: { code: CloseCode.Normal, reason: "token expired", cause: "token expired" },
  eventsLost: {
    code: CloseCode.ServiceRestart,
    reason: "events may be missing",
    cause: "events lost",
  },
  shutdown: { code: CloseCode.GoingAway, reason: "", cause: "shutdown" },
} as const satisfies Record<string, ServerClose>;

function policyViolation(cause: CloseCause, reason: string): ServerClose {
  return { code: CloseCode.PolicyViolation, reason, cause };
}
