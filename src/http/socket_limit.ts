import { getLogger } from "@logtape/logtape";
import type { Socket } from "node:net";
import type { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { LogThrottle } from "../telemetry/log_throttle.ts";

const log = getLogger(["ranger", "server"]);

/** How many sockets there may be. The object is read at every use. */
export interface SocketLimits {
  /** Clients in; as many more may be on their way in or out. */
  readonly connections: number;
}

/** As many may be on their way in or out in any case. */
const MIN_ON_THEIR_WAY = 1024;

/** Descriptors held for the moment when the system has none left, where the limit is not known. */
const SPARE_DESCRIPTORS = 16;

/** Milliseconds between two looks whether a descriptor can still be had. */
const LOOK_INTERVAL_MS = 1000;

/** Milliseconds for which the number of sockets stays capped after there was no descriptor left. */
const CAP_MS = 60_000;

/**
 * Bounds the sockets of one listener, whatever state they are in: handshakes, clients, and those
 * that are refused or closing. One too many is closed at once.
 *
 * The bound follows `limits.connections` and the limit on open files, so that the broker and the
 * management listener always find a descriptor. Where that limit is not known, or something else
 * takes the descriptors, a look once a second notices that there is none left: spare ones are given
 * up, and no more sockets are taken than there are at that moment.
 *
 * @example
 * ```ts
 * import { type Server } from "node:http";
 * import { LabelledCounter } from "../telemetry/labelled_counter.ts";
 * declare const [server, limits]: [Server, SocketLimits];
 * const sockets = new SocketLimit(limits, new LabelledCounter(), 131_024);
 * server.on("connection", (socket) => sockets.take(socket) || socket.destroy());
 * ```
 */
export class SocketLimit {
  readonly #limits: SocketLimits;
  readonly #hit: LabelledCounter;
  /** Sockets that the limit on open files leaves room for; `undefined` where it is not known. */
  readonly #room: number | undefined;
  readonly #throttle = new LogThrottle(60_000);
  readonly #gone: () => void;
  #open = 0;
  #spare: Deno.FsFile[] = [];
  /** Set while descriptors are scarce. */
  #cap = Infinity;
  #cappedAt = -Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param hit counts the sockets that were closed at once */
  constructor(limits: SocketLimits, hit: LabelledCounter, room: number | undefined) {
    this.#limits = limits;
    this.#hit = hit;
    this.#room = room;
    this.#gone = () => this.#open--;
  }

  /** Sockets open now. */
  get open(): number {
    return this.#open;
  }

  /** Sockets that there may be. */
  get max(): number {
    const { connections } = this.#limits;
    const wanted = connections + Math.max(connections, MIN_ON_THEIR_WAY);
    return Math.min(wanted, this.#room ?? Infinity, this.#cap);
  }

  /** Begins to look whether descriptors are left. */
  start(): void {
    if (this.#room === undefined) this.#holdSpare();
    this.#timer = setInterval(this.#look, LOOK_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#giveUpSpare();
  }

  /** @returns whether the socket may stay; it is counted until it is closed */
  take(socket: Socket): boolean {
    const { max } = this;
    if (this.#open >= max) {
      this.#hit.add(this.#isForFiles(max) ? "open_files" : "sockets");
      this.#warn("Refused a client: {sockets} sockets are open, {reason}.", {
        sockets: this.#open,
        reason: this.#isForFiles(max)
          ? "and the limit on open files leaves room for no more (LimitNOFILE= in the unit)"
          : "which is what limits.connections allows with those on their way in and out",
      });
      return false;
    }
    this.#open++;
    // Not once, which would make two objects that stay as long as the connection: it closes once.
    socket.on("close", this.#gone);
    return true;
  }

  readonly #look = (): void => {
    if (hasDescriptor()) {
      if (this.#cap === Infinity || performance.now() - this.#cappedAt < CAP_MS) return;
      this.#cap = Infinity;
      if (this.#room === undefined) this.#holdSpare();
      return;
    }
    this.#giveUpSpare();
    this.#cap = this.#open;
    this.#cappedAt = performance.now();
    this.#warn(
      "No file descriptor is left; no more than the {sockets} sockets that are open are taken for " +
        "a minute (LimitNOFILE= in the unit).",
      { sockets: this.#open },
    );
  };

  #isForFiles(max: number): boolean {
    return max === this.#room || max === this.#cap;
  }

  #warn(template: string, properties: Record<string, unknown>): void {
    if (!this.#throttle.allows(template)) return;
    log.warn(template, { ...properties, ...this.#throttle.since });
  }

  #holdSpare(): void {
    try {
      while (this.#spare.length < SPARE_DESCRIPTORS) this.#spare.push(Deno.openSync("/dev/null"));
    } catch {
      // The next look finds that there are none.
    }
  }

  #giveUpSpare(): void {
    for (const file of this.#spare) file.close();
    this.#spare = [];
  }
}

function hasDescriptor(): boolean {
  try {
    Deno.openSync("/dev/null").close();
    return true;
  } catch {
    return false;
  }
}
