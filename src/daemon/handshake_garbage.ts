import { getLogger } from "@logtape/logtape";
import { processCpuMs } from "../telemetry/process_cpu.ts";

const log = getLogger(["ranger", "server"]);

/** Milliseconds between two looks. */
const LOOK_INTERVAL_MS = 1000;

/** Clients of a crowd that is worth a collection; each leaves 2 to 3 KB of garbage. */
const MIN_CROWD = 2000;

/** And their part of all clients: the pause is 8 to 25 µs for each that is connected. */
const MIN_SHARE = 0.2;

/** Clients that may still come in a quiet second. */
const MAX_LATE = 10;

/** Part of a core that the process may use in a quiet second. */
const MAX_CPU_SHARE = 0.1;

/** Quiet seconds before the collection. */
const QUIET_LOOKS = 2;

/** What is looked at, and what is done. */
export interface HandshakeGarbageOptions {
  /** Clients since the start. */
  clients(): number;
  /** Clients that are connected. */
  open(): number;
  /** Events since the start. */
  events(): number;
  /** CPU time of this process in milliseconds; left out to ask the system. */
  cpuMs?(): number;
  /** The time in milliseconds. */
  now?(): number;
  /** Collects all garbage and returns its memory to the system; left out to ask V8. */
  collect?(): void;
}

/** What `--expose-gc` adds to the global object. */
type Collect = (options: { type: "major"; flavor: "last-resort" }) => void;

/**
 * Returns the memory that a crowd's handshakes used once the server is quiet again. V8 itself would
 * do it when the heap has grown further, which on a quiet server is minutes later or never.
 *
 * The collection stops the server for some tens of milliseconds, so it waits for seconds in which
 * the process is nearly idle and no event comes that a pause would delay, and happens once per crowd.
 * Where clients come and go all the time, or events come, V8 collects as it always does.
 *
 * Does nothing where V8 was started without `--expose-gc`.
 *
 * @example
 * ```ts
 * declare const sessions: { readonly counts: { total: number; open: number } };
 * declare const hub: { readonly counters: { received: number } };
 * const garbage = new HandshakeGarbage({
 *   clients: () => sessions.counts.total,
 *   open: () => sessions.counts.open,
 *   events: () => hub.counters.received,
 * });
 * garbage.start();
 * garbage.stop();
 * ```
 */
export class HandshakeGarbage {
  readonly #clients: () => number;
  readonly #open: () => number;
  readonly #events: () => number;
  readonly #cpuMs: () => number;
  readonly #now: () => number;
  readonly #collect: (() => void) | undefined;
  /** Clients that came in crowds since the last collection. */
  #crowd = 0;
  /** Clients since the start, at the last look. */
  #seen = 0;
  #eventsSeen = 0;
  #cpuSeen = 0;
  #lookedAt = 0;
  #quietLooks = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    {
      clients,
      open,
      events,
      cpuMs = processCpuMs,
      now = () => performance.now(),
      collect = collector(),
    }: HandshakeGarbageOptions,
  ) {
    this.#clients = clients;
    this.#open = open;
    this.#events = events;
    this.#cpuMs = cpuMs;
    this.#now = now;
    this.#collect = collect;
  }

  /** Begins to look. */
  start(): void {
    if (!this.#collect) return;
    this.#lookedAt = this.#now();
    this.#cpuSeen = this.#cpuMs();
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks once, a second after the last time. */
  look(): void {
    const [clients, cpuMs, now] = [this.#clients(), this.#cpuMs(), this.#now()];
    const events = this.#events();
    const arrived = clients - this.#seen;
    const isBusy = events > this.#eventsSeen ||
      cpuMs - this.#cpuSeen > MAX_CPU_SHARE * (now - this.#lookedAt);
    this.#seen = clients;
    this.#eventsSeen = events;
    this.#cpuSeen = cpuMs;
    this.#lookedAt = now;
    // What one client after the other leaves, V8 collects as it goes.
    if (arrived > MAX_LATE) this.#crowd += arrived;
    this.#quietLooks = isBusy || arrived > MAX_LATE ? 0 : this.#quietLooks + 1;
    // A few newcomers among many are not worth the pause, which grows with all that are there.
    const worthIt = Math.max(MIN_CROWD, this.#open() * MIN_SHARE);
    if (this.#quietLooks < QUIET_LOOKS || this.#crowd < worthIt) return;
    const crowd = this.#crowd;
    this.#crowd = 0;
    this.#collect?.();
    log.debug("collected the garbage of {clients} handshakes in {ms} ms", {
      clients: crowd,
      ms: Math.round(this.#now() - now),
    });
  }
}

function collector(): (() => void) | undefined {
  const { gc } = globalThis as { gc?: Collect };
  // The flavor empties V8's pool of pages as well, which otherwise stay with the process.
  return gc && (() => gc({ type: "major", flavor: "last-resort" }));
}
