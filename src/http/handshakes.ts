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

/**
 * Handshakes that are begun before others have to wait for one of them to be over. That many take a
 * few milliseconds, after which broker and clients are looked at again, however many come at once.
 */
const MAX_AT_ONCE = 64;

/**
 * Milliseconds after which those that are begun no longer keep others waiting: it takes their
 * clients too long.
 */
const TURN_MS = 5;

/** Begins to read a connection. */
type Begin = (socket: Socket) => void;

/** Removes a socket that closes. */
type Gone = (this: Socket) => void;

/**
 * Connections whose handshake is in progress. Each has a number of seconds for it, however
 * many bytes it sends meanwhile: it is a deadline, not an idle timeout.
 *
 * A crowd that comes at once is let in a few at a time, in the order in which it came. Deliveries go
 * on meanwhile, and what a handshake takes of memory is garbage before it is copied to the old
 * generation, where it would stay for long.
 *
 * @example
 * ```ts
 * import type { Socket } from "node:net";
 *
 * declare const [socket, handshakes]: [Socket, Handshakes];
 * handshakes.add(socket, (socket) => socket.resume());
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
  /** Those that are not begun yet, from `#next` on. */
  #waiting: { readonly socket: Socket; readonly begin: Begin }[] = [];
  #next = 0;
  /** Those that were begun in this turn and are not over. */
  readonly #begun = new Set<Socket>();
  #turn: ReturnType<typeof setTimeout> | undefined;
  #refill: ReturnType<typeof setImmediate> | undefined;

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

  /**
   * Cuts it when its time is over, or at once when too many are on their way.
   *
   * @param begin called when it is the socket's turn, unless it is gone by then
   */
  add(socket: Socket, begin: Begin): void {
    if (this.#connectedAt.size >= Math.max(this.#limits.connections, LEAST)) {
      this.#hit.add("handshakes");
      socket.destroy();
      return;
    }
    this.#connectedAt.set(socket, performance.now());
    socket.on("close", this.#gone);
    this.#timer ??= setTimeout(this.#cutLate, this.#timeout);
    this.#waiting.push({ socket, begin });
    if (this.#refill === undefined) this.#beginNext();
  }

  /** Forgets it. Safe to call twice. */
  delete(socket: Socket): void {
    if (!this.#connectedAt.delete(socket)) return;
    socket.off("close", this.#gone);
    if (this.#begun.delete(socket)) this.#refillSoon();
    if (this.#connectedAt.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Destroys the sockets that wait for their turn. */
  destroyWaiting(): void {
    const waiting = this.#waiting.slice(this.#next);
    this.#waiting = [];
    this.#next = 0;
    for (const { socket } of waiting) socket.destroy();
  }

  #beginNext(): void {
    while (this.#next < this.#waiting.length && this.#begun.size < MAX_AT_ONCE) {
      const { socket, begin } = this.#waiting[this.#next++]!;
      if (!this.#connectedAt.has(socket) || socket.destroyed) continue;
      this.#begun.add(socket);
      begin(socket);
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = this.#next = 0;
    } else {
      this.#turn ??= setTimeout(this.#nextTurn, TURN_MS);
    }
  }

  /** Not at once: the runtime would read those that are begun now before it looks at anything else. */
  #refillSoon(): void {
    if (this.#next < this.#waiting.length) this.#refill ??= setImmediate(this.#refillNow);
  }

  readonly #refillNow = (): void => {
    this.#refill = undefined;
    this.#beginNext();
  };

  readonly #nextTurn = (): void => {
    this.#turn = undefined;
    this.#begun.clear();
    this.#beginNext();
  };

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
