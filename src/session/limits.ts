import { type CloseInfo, NO_SIGN_OF_LIFE, SLOW_CONSUMER } from "../websocket/close_info.ts";
import { CloseCode } from "../websocket/frame.ts";

/** What one session may cost. The object is shared by all, and read whenever it matters. */
export interface SessionLimits {
  /** Messages a second, over time; 0: any number. */
  readonly messageRate: number;
  /** Messages at once. */
  readonly messageBurst: number;
  /** Streams held. */
  readonly streams: number;
}

/** Why a client was closed that sends too fast. */
export const TOO_MANY_MESSAGES = "too many messages";

/** The limit that ended a connection, by its name in the file; `undefined` for other endings. */
export function limitOf({ by, code, reason }: CloseInfo): string | undefined {
  if (by !== "server") return undefined;
  if (code === CloseCode.MessageTooBig) return "message_bytes";
  switch (reason) {
    case SLOW_CONSUMER:
      return "unsent_bytes";
    case TOO_MANY_MESSAGES:
      return "message_rate";
    case NO_SIGN_OF_LIFE:
      return "idle_timeout";
  }
  return undefined;
}
