import { Buffer } from "node:buffer";
import type { CloseCause } from "../websocket/close.ts";
import type { KeepaliveLimits } from "../websocket/keepalive.ts";
import type { ReceiverLimits } from "../websocket/receiver.ts";

/** What one session may cost. The object is shared by all, and read whenever it matters. */
export interface SessionLimits {
  /** Messages a second, over time; 0: any number. */
  readonly messageRate: number;
  /** Messages at once. */
  readonly messageBurst: number;
  /** Bytes of a message. */
  readonly messageBytes: number;
  /** Streams held. */
  readonly streams: number;
}

/**
 * Bytes that a name has on average at most. Every answer lists all names of the connection, so they
 * are bounded together: by 16 KiB for 256 streams. Names of exchanges have about 20 bytes.
 */
const MEAN_NAME_BYTES = 64;

/**
 * The streams that a connection may still subscribe to: a number, and a number of bytes of names.
 *
 * @example
 * ```ts
 * declare const [limits, held]: [SessionLimits, Set<string>];
 * const room = new StreamRoom(limits, held);
 * const added = ["btcusd.trades", "ethusd.trades"].filter((name) => room.take(name));
 * ```
 */
export class StreamRoom {
  #streams: number;
  #bytes: number;

  constructor({ streams }: SessionLimits, held: Iterable<string>) {
    this.#streams = streams;
    this.#bytes = streams * MEAN_NAME_BYTES;
    for (const name of held) this.take(name);
  }

  /** @returns whether there is room for one more stream of that name */
  take(name: string): boolean {
    this.#bytes -= Buffer.byteLength(name);
    return this.#bytes >= 0 && this.takeRefused();
  }

  /** The same for a stream that is refused: it costs an answer, which lists nothing. */
  takeRefused(): boolean {
    return --this.#streams >= 0;
  }
}

/**
 * Control frames and fragments per message of `limits.message_rate` and `limits.message_burst`. Both
 * are far above what libraries send: a pong for each ping, and whole messages.
 */
const FRAME_RATE_FACTOR = 10;
const FRAME_BURST_FACTOR = 25;

/** What the receivers of all connections may take; follows the limits of messages. */
export function receiverLimits(
  limits: SessionLimits & { readonly messageTimeout: number },
): ReceiverLimits {
  return {
    get frameRate() {
      return limits.messageRate * FRAME_RATE_FACTOR;
    },
    get frameBurst() {
      return limits.messageBurst * FRAME_BURST_FACTOR;
    },
    get messageTimeout() {
      return limits.messageTimeout;
    },
  };
}

/** Seconds between two comments of server-sent events, at most: proxies wait for 30 and longer. */
const MAX_COMMENT_INTERVAL = 15;

/** When clients of server-sent events are sent comments, and cut; follows the limits of pings. */
export function commentLimits(limits: KeepaliveLimits): KeepaliveLimits {
  return {
    get pingInterval() {
      return Math.min(limits.pingInterval, MAX_COMMENT_INTERVAL);
    },
    get idleTimeout() {
      return limits.idleTimeout;
    },
  };
}

/** Refused names in one message that count as a further message. */
export const REFUSALS_PER_MESSAGE = 16;

/**
 * Names that count as a further message, once a connection has added as many as it may hold: a
 * client that subscribes to each of its streams once pays for none, and one that exchanges all of
 * its 256 streams for others at once stays within the burst.
 */
export const NAMES_PER_MESSAGE = 8;

/** What a message of the greatest size counts as. */
const MESSAGES_PER_LONGEST = 4;

/**
 * The further messages that a long message counts as: reading it costs what its bytes are worth.
 *
 * @param length of the message
 * @param messageBytes the limit
 *
 * @example
 * ```ts
 * furtherMessagesOf(1024, 4096); // 0
 * furtherMessagesOf(4096, 4096); // 3
 * ```
 */
export function furtherMessagesOf(length: number, messageBytes: number): number {
  return Math.floor(Math.max(0, length - 1) * MESSAGES_PER_LONGEST / messageBytes);
}

/** The limits that end a connection, by their names in the file. */
const LIMITS: Partial<Record<CloseCause, string>> = {
  "idle": "idle_timeout",
  "message rate": "message_rate",
  "message timeout": "message_timeout",
  "message too large": "message_bytes",
  "slow consumer": "unsent_bytes",
};

/** The limit that a connection was closed for, by its name in the file; `undefined` for other causes. */
export function limitOf(cause: CloseCause): string | undefined {
  return LIMITS[cause];
}
