import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";

/** Milliseconds before a client that lost its connection tries again, at most. */
const BACKOFF_MS = 200;
const CANNOT_RESUME = '{"error":{"message":"Cannot resume."';
const MAY_BE_MISSING = '{"status":{"message":"events may be missing"';

/**
 * What the client asks for: `cursors` resumes, and gets status messages; `plain` is a client of the
 * old servers, which fetches its state from the REST API after each connection.
 */
export type ClientKind = "cursors" | "plain";

/** How a client connects. */
export interface CountingClientOptions {
  readonly kind: ClientKind;
  /** WebSocket addresses of the processes; after a loss the next one is tried. */
  readonly urls: readonly string[];
  readonly user: string;
  readonly token: string;
}

/** A user's client, connected all the time; it records what it received. */
export class CountingClient implements AsyncDisposable {
  /** Numbers of the private events, as often as they came. */
  readonly received: number[] = [];
  /** When it received that events may be missing, by a message or by close code 1012. */
  readonly reports: number[] = [];
  /** For each reconnection, milliseconds from the loss to the first order book. */
  readonly booksBack: number[] = [];
  /** How often it was connected. */
  connections = 0;
  #cursor = "";
  /** Set until `resumed`: cursors of what comes meanwhile are not ahead of all streams. */
  #resumesFrom: string | undefined;
  #lostAt: number | undefined;
  #stopped = false;
  #socket: WebSocket | undefined;
  readonly #running: Promise<void>;

  constructor(private readonly options: CountingClientOptions, first: number) {
    this.#running = this.#run(first);
  }

  get user(): string {
    return this.options.user;
  }

  get kind(): ClientKind {
    return this.options.kind;
  }

  /** Of these numbers, how many never came. */
  missing(confirmed: readonly number[]): number {
    const received = new Set(this.received);
    return confirmed.filter((n) => !received.has(n)).length;
  }

  /** Whether it has had no order book since its connection was lost. */
  get lacksBook(): boolean {
    return this.#lostAt !== undefined;
  }

  /** How many events came twice or behind a later one. */
  get repeated(): number {
    return this.received.filter((n, at) => at > 0 && n <= this.received[at - 1]!).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#socket?.terminate();
    await this.#running;
  }

  async #run(first: number): Promise<void> {
    for (let at = first; !this.#stopped; at++) {
      const { urls } = this.options;
      await this.#connection(urls[at % urls.length]!);
      if (!this.#stopped) await pause(Math.random() * BACKOFF_MS);
    }
  }

  /** Resolves when the connection has ended. */
  #connection(url: string): Promise<void> {
    const { kind, token } = this.options;
    const from = this.#resumesFrom ?? this.#cursor;
    const query = kind === "cursors" ? `&cursor=${from}` : "";
    if (from !== "") this.#resumesFrom = from;
    const socket = new WebSocket(`${url}?stream=order,usdbtc.ob-inc${query}`, {
      perMessageDeflate: false,
      headers: { authorization: `Bearer ${token}` },
    });
    this.#socket = socket;
    socket.on("open", () => this.connections++);
    socket.on("message", (data: Uint8Array) => this.#take(String(data)));
    // A close follows.
    socket.on("error", () => {});
    return new Promise((resolve) =>
      socket.on("close", (code: number) => {
        if (code === 1012) this.reports.push(performance.now());
        this.#lostAt ??= performance.now();
        resolve();
      })
    );
  }

  #take(text: string): void {
    if (text.startsWith(MAY_BE_MISSING) || text.startsWith(CANNOT_RESUME)) {
      this.reports.push(performance.now());
    }
    if (text.startsWith(CANNOT_RESUME) || text.startsWith('{"success":{"message":"resumed"')) {
      this.#resumesFrom = undefined;
    }
    if (text.startsWith('{"usdbtc.ob-snap"') && this.#lostAt !== undefined) {
      this.booksBack.push(performance.now() - this.#lostAt);
      this.#lostAt = undefined;
    }
    const cursor = /"cursor":"([\w-]+)"\}$/.exec(text);
    if (cursor !== null) this.#cursor = cursor[1]!;
    const order = /^\{"order":\{"id":(\d+),/.exec(text);
    if (order === null) return;
    this.received.push(Number(order[1]));
    // What was missed comes in order, so the own events are a position to go on from.
    if (this.#resumesFrom !== undefined && cursor !== null) this.#resumesFrom = cursor[1]!;
  }
}
