import type { CloseCause } from "../websocket/close.ts";

/** What one session may cost. The object is shared by all, and read whenever it matters. */
export interface SessionLimits {
  /** Messages a second, over time; 0: any number. */
  readonly messageRate: number;
  /** Messages at once. */
  readonly messageBurst: number;
  /** Streams held. */
  readonly streams: number;
}

/** The limits that end a connection, by their names in the file. */
const LIMITS: Partial<Record<CloseCause, string>> = {
  "idle": "idle_timeout",
  "message rate": "message_rate",
  "message too large": "message_bytes",
  "slow consumer": "unsent_bytes",
};

/** The limit that a connection was closed for, by its name in the file; `undefined` for other causes. */
export function limitOf(cause: CloseCause): string | undefined {
  return LIMITS[cause];
}
