import type { NotifySocket } from "./notify_socket.ts";

/** Milliseconds between two looks at the server, and between two lines of status at least. */
const LOOK = 250;
const STATUS_EVERY = 3_000;
/** Milliseconds for which the manager is asked to wait on, each time that it is asked to. */
const PATIENCE = 30_000;
const ASK_EVERY = 5_000;

/** What the service manager is told about. */
export interface Supervised {
  /** Why clients are not served with events; empty when they are. */
  unready(): readonly string[];
  /** How it goes, in a line for a person. */
  status(): string;
}

/** What a supervisor needs of the environment that the manager made (sd_notify(3), sd_watchdog_enabled(3)). */
export interface WatchdogEnvironment {
  /** Microseconds in which a sign of life is wanted. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** Of whom. */
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * Tells the service manager how the server is: ready when events come in, a line of status, and
 * signs of life for its watchdog. All of it is told from the loop that serves the clients, so that
 * silence means that they are not served.
 *
 * @example
 * ```ts
 * using supervision = new Supervision(openNotifySocket(Deno.env.get("NOTIFY_SOCKET")), {
 *   WATCHDOG_USEC: Deno.env.get("WATCHDOG_USEC"),
 * });
 * supervision.watch(daemon);
 * await supervision.reloading(() => daemon.reload());
 * supervision.stopping(10_000);
 * ```
 */
export class SystemdNotifier implements Disposable {
  readonly #manager: NotifySocket | undefined;
  readonly #signsOfLife: number | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  #server: Supervised | undefined;
  /** What the manager was told last of these. */
  #told: "nothing" | "ready" | "stopping" = "nothing";
  #toldStatus = "";
  /** When something may be said or asked again, by `performance.now()`. */
  #statusFrom = 0;
  #askFrom = 0;

  /** @param manager left out where there is none: nothing is told then */
  constructor(manager: NotifySocket | undefined, environment: WatchdogEnvironment) {
    this.#manager = manager;
    this.#signsOfLife = watchdogInterval(environment);
  }

  /** From here on the manager is told how the server is. */
  watch(server: Supervised): void {
    if (this.#manager === undefined) return;
    this.#server = server;
    this.#timers.push(setInterval(() => this.#look(), LOOK));
    this.#look();
    if (this.#signsOfLife === undefined) return;
    this.#timers.push(setInterval(() => this.#manager?.mention("WATCHDOG=1"), this.#signsOfLife));
    this.#manager.mention("WATCHDOG=1");
  }

  /**
   * Tells that the configuration is read again, and when that is done.
   *
   * @throws what `reload` throws, after the manager was told that the server runs on
   */
  async reloading(reload: () => Promise<void> | void): Promise<void> {
    // Until it is ready the manager waits for that, and for nothing else; at the end for the end.
    const ready = this.#told === "ready";
    if (ready) this.#manager?.tell("RELOADING=1", "STATUS=Reading the configuration again");
    try {
      await reload();
    } finally {
      if (ready && this.#told === "ready") {
        this.#manager?.tell("READY=1", `STATUS=${this.#status()}`);
      }
    }
  }

  /**
   * Tells that the server ends.
   *
   * @param milliseconds that it may take
   */
  stopping(milliseconds: number): void {
    this.#told = "stopping";
    this.#manager?.tell("STOPPING=1", extendTimeout(milliseconds), `STATUS=${this.#status()}`);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#manager?.[Symbol.dispose]();
  }

  #look(): void {
    const now = performance.now();
    if (this.#told === "nothing") this.#start(now);
    if (now < this.#statusFrom) return;
    const before = this.#toldStatus;
    const status = this.#status();
    if (status === before) return;
    this.#statusFrom = now + STATUS_EVERY;
    this.#manager?.mention(`STATUS=${status}`);
  }

  #start(now: number): void {
    if (this.#server?.unready().length === 0) {
      this.#told = "ready";
      this.#manager?.tell("READY=1", `STATUS=${this.#status()}`);
    } else if (now >= this.#askFrom) {
      // The broker may be away for as long as it likes, but a start that is stuck is to end.
      this.#askFrom = now + ASK_EVERY;
      this.#manager?.tell(extendTimeout(PATIENCE));
    }
  }

  #status(): string {
    // A line is a line, whatever the broker said.
    this.#toldStatus = (this.#server?.status() ?? "Starting").replace(/\p{Cc}+/gu, " ");
    return this.#toldStatus;
  }
}

function extendTimeout(milliseconds: number): string {
  return `EXTEND_TIMEOUT_USEC=${milliseconds * 1000}`;
}

/** Milliseconds from one sign of life to the next: half of what is allowed, as the manual advises. */
function watchdogInterval(
  { WATCHDOG_USEC, WATCHDOG_PID }: WatchdogEnvironment,
): number | undefined {
  if (WATCHDOG_PID && WATCHDOG_PID !== String(Deno.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return microseconds > 0 ? microseconds / 2000 : undefined;
}
