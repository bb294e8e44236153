import type { NotifySocket } from "./notify_socket.ts";

/** Milliseconds between checks of the server, and the least between status lines. */
const CHECK_INTERVAL = 250;
const STATUS_INTERVAL = 3_000;
/** Milliseconds by which a start that waits extends its timeout, and the interval of doing so. */
const START_EXTENSION = 30_000;
const EXTEND_INTERVAL = 5_000;

/** A server whose state is reported to the service manager. */
export interface Supervised {
  /** Why clients receive no events; empty when they do. */
  unready(): readonly string[];
  /** The state of the server, on one line for people. */
  status(): string;
}

/** The variables of the service manager's watchdog (sd_watchdog_enabled(3)). */
export interface WatchdogEnvironment {
  /** Microseconds within which a keepalive message is expected. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** The process that must send it. */
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * Reports the state of the server to the service manager: ready when events arrive, a status line, and
 * keepalive messages for its watchdog. Everything is sent from the event loop that serves clients, so
 * silence means that clients are not served.
 *
 * @example
 * ```ts
 * import { openNotifySocket } from "./notify_socket.ts";
 * using notifier = new SystemdNotifier(openNotifySocket(Deno.env.get("NOTIFY_SOCKET")), {
 *   WATCHDOG_USEC: Deno.env.get("WATCHDOG_USEC"),
 * });
 * await notifier.reloading(() => console.log("reload"));
 * notifier.stopping(10_000);
 * ```
 */
export class SystemdNotifier implements Disposable {
  readonly #manager: NotifySocket | undefined;
  readonly #keepaliveInterval: number | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  #server: Supervised | undefined;
  /** The state reported last. */
  #reported: "nothing" | "ready" | "stopping" = "nothing";
  #reportedStatus = "";
  /** Times by `performance.now()` of the next status line and of the next extension. */
  #nextStatusAt = 0;
  #nextExtensionAt = 0;

  /** @param manager undefined without a service manager: nothing is sent then */
  constructor(manager: NotifySocket | undefined, environment: WatchdogEnvironment) {
    this.#manager = manager;
    this.#keepaliveInterval = watchdogInterval(environment);
  }

  /** Starts to report the state of a server. */
  watch(server: Supervised): void {
    if (this.#manager === undefined) return;
    this.#server = server;
    this.#timers.push(setInterval(() => this.#check(), CHECK_INTERVAL));
    this.#check();
    if (this.#keepaliveInterval === undefined) return;
    const keepAlive = () => this.#manager?.sendUnlessBusy("WATCHDOG=1");
    this.#timers.push(setInterval(keepAlive, this.#keepaliveInterval));
    keepAlive();
  }

  /**
   * Reports that the configuration is read again, and when that is done.
   *
   * @throws what `reload` throws, after the server was reported as ready again
   */
  async reloading(reload: () => Promise<void> | void): Promise<void> {
    // RELOADING is only valid while the service is active, not while it starts or stops.
    const ready = this.#reported === "ready";
    if (ready) this.#manager?.send("RELOADING=1", "STATUS=Reading the configuration again");
    try {
      await reload();
    } finally {
      if (ready && this.#reported === "ready") {
        this.#manager?.send("READY=1", `STATUS=${this.#status()}`);
      }
    }
  }

  /**
   * Reports that the server is stopping.
   *
   * @param milliseconds that this may take
   */
  stopping(milliseconds: number): void {
    this.#reported = "stopping";
    this.#manager?.send("STOPPING=1", extendTimeout(milliseconds), `STATUS=${this.#status()}`);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#manager?.[Symbol.dispose]();
  }

  #check(): void {
    const now = performance.now();
    if (this.#reported === "nothing") this.#reportStart(now);
    if (now < this.#nextStatusAt) return;
    const before = this.#reportedStatus;
    const status = this.#status();
    if (status === before) return;
    this.#nextStatusAt = now + STATUS_INTERVAL;
    this.#manager?.sendUnlessBusy(`STATUS=${status}`);
  }

  #reportStart(now: number): void {
    if (this.#server?.unready().length === 0) {
      this.#reported = "ready";
      this.#manager?.send("READY=1", `STATUS=${this.#status()}`);
    } else if (now >= this.#nextExtensionAt) {
      // The broker may be away for any time, but a start that hangs should time out.
      this.#nextExtensionAt = now + EXTEND_INTERVAL;
      this.#manager?.send(extendTimeout(START_EXTENSION));
    }
  }

  #status(): string {
    // Text of the broker must not add lines.
    this.#reportedStatus = (this.#server?.status() ?? "Starting").replace(/\p{Cc}+/gu, " ");
    return this.#reportedStatus;
  }
}

function extendTimeout(milliseconds: number): string {
  return `EXTEND_TIMEOUT_USEC=${milliseconds * 1000}`;
}

/** Milliseconds between keepalive messages: half of the allowed time, as the manual advises. */
function watchdogInterval(
  { WATCHDOG_USEC, WATCHDOG_PID }: WatchdogEnvironment,
): number | undefined {
  if (WATCHDOG_PID && WATCHDOG_PID !== String(Deno.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return microseconds > 0 ? microseconds / 2000 : undefined;
}
