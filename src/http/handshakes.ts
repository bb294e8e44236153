import type { Socket } from "node:net";
import type { LabelledCounter } from "../telemetry/labelled_counter.ts";

/** How long and how many. The object is read whenever it matters. */
export interface HandshakeLimits {
  /** Seconds from connecting to the end of the handshake. */
  readonly handshakeTimeout: number;
  /** Clients in; as many more may be on their way. */
  readonly connections: number;
}

/** Handshakes that may be in progress in any case. */
const LEAST = 1024;

/** Removes a socket that closes. */
type Gone = (this: Socket) => void;

/**
 * Connections whose handshake is in progress. Each has a number of seconds for it, however
 * many bytes it sends meanwhile: it is a deadline, not an idle timeout.
 *
 * @example
 * ```ts
 * import { type Socket } from "node:net";
 * declare const [socket, handshakes]: [Socket, Handshakes];
 * handshakes.add(socket);
 * handshakes.delete(socket); // the handshake is done
 * ```
 */
export class Handshakes {
  readonly #limits: HandshakeLimits;
  readonly #hit: LabelledCounter;
  /** When each connected, the oldest first; all have as long, so the oldest is due first. */
  readonly #connectedAt = new Map<Socket, number>();
  /** One function for all sockets. */
  readonly #gone: Gone;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param hit counts those that were cut */
  constructor(limits: HandshakeLimits, hit: LabelledCounter) {
    this.#limits = limits;
    this.#hit = hit;
    this.#gone = leavingFrom(this);
  }

  /** How many are on their way. */
  get size(): number {
    return this.#connectedAt.size;
  }

  /** Cuts it when its time is over, or at once when too many are on their way. */
  add(socket: Socket): void {
    if (this.#connectedAt.size >= Math.max(this.#limits.connections, LEAST)) {
      this.#hit.add("handshakes");
      socket.destroy();
      return;
    }
    this.#connectedAt.set(socket, performance.now());
    socket.on("close", this.#gone);
    this.#timer ??= setTimeout(this.#cutLate, this.#timeout);
  }

  /** Forgets it. Safe to call twice. */
  delete(socket: Socket): void {
    if (!this.#connectedAt.delete(socket)) return;
    socket.off("close", this.#gone);
    if (this.#connectedAt.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #timeout(): number {
    return this.#limits.handshakeTimeout * 1000;
  }

  readonly #cutLate = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [socket, connectedAt] of this.#connectedAt) {
      const left = connectedAt + this.#timeout - now;
      if (left > 0) {
        this.#timer = setTimeout(this.#cutLate, left);
        return;
      }
      this.delete(socket);
      this.#hit.add("handshake_timeout");
      socket.destroy();
    }
  };
}

function leavingFrom(handshakes: Handshakes): Gone {
  return function () {
    handshakes.delete(this);
  };
}
