import { notConnected, type RangerError } from "./errors.ts";
import type { Settings, WebSocketLike } from "./options.ts";

/** Why a connection ended. */
export interface Loss {
  readonly reason: string;
  readonly code: number | undefined;
}

/** Receives a connection's events. */
export interface ConnectionOwner {
  opened(): void;
  received(text: string): void;
  /** The connection's last event. */
  lost(loss: Loss): void;
}

type Socket = WebSocketLike & {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event?: { message?: string }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
};

interface Ping {
  resolve(): void;
  reject(error: RangerError): void;
}

/** One WebSocket, from opening to close. Pings detect a server that no longer answers. */
export class Connection {
  readonly #socket: Socket;
  readonly #settings: Settings;
  readonly #owner: ConnectionOwner;
  readonly #pings: Ping[] = [];
  #timer: ReturnType<typeof setTimeout>;
  /** Time of the last message, of `performance.now()`. */
  #receivedAt = 0;
  #checking = false;
  #over = false;
  #ended: () => void = () => {};

  /** @throws what the WebSocket's constructor throws */
  constructor(settings: Settings, owner: ConnectionOwner) {
    this.#settings = settings;
    this.#owner = owner;
    const socket = this.#socket = new settings.WebSocket(settings.url) as Socket;
    let open = false;
    socket.onopen = () => {
      open = true;
      this.#receivedAt = performance.now();
      this.#watch();
      owner.opened();
    };
    socket.onmessage = ({ data }) => {
      this.#receivedAt = performance.now();
      if (data === "pong") this.#pings.shift()?.resolve();
      if (typeof data === "string") owner.received(data);
    };
    let refusal: string | undefined;
    const close = (code?: number, reason?: string) => {
      const what = open ? "the connection was lost" : refusal || "the server could not be reached";
      this.#fail({ reason: reason || what, code });
      this.#ended();
    };
    socket.onclose = ({ code, reason }) => close(code, reason);
    // Not every runtime follows an error with a close event; those that do fire it immediately.
    socket.onerror = (event) => {
      // Outside of browsers it has the status of the refused handshake.
      refusal = event?.message;
      this.#setTimer(0, close);
    };
    this.#timer = setTimeout(() => this.#drop(), settings.timeout);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** @returns the round-trip time in milliseconds */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const at = performance.now();
      this.#pings.push({ resolve: () => resolve(performance.now() - at), reject });
      this.send("ping");
    });
  }

  /**
   * Starts the closing handshake (RFC 6455 §7); resolves when the server answers, or on timeout.
   */
  close(): Promise<void> {
    this.#finish();
    const ended = new Promise<void>((resolve) => {
      this.#setTimer(this.#settings.timeout, resolve);
      this.#ended = () => this.#setTimer(0, resolve);
    });
    this.#socket.close();
    return ended;
  }

  /** Pings now; a server that sends nothing within the timeout is given up. */
  check(): void {
    // A further check must not extend the wait for the first one.
    if (this.#checking) return;
    this.#checking = true;
    const asked = performance.now();
    this.ping().catch(() => {});
    this.#setTimer(
      this.#settings.timeout,
      () => this.#receivedAt < asked ? this.#drop() : this.#watch(),
    );
  }

  /** Checks the connection when the last message is one ping interval old. */
  #watch(): void {
    this.#checking = false;
    const left = this.#receivedAt + this.#settings.pingInterval - performance.now();
    this.#setTimer(left, () => {
      const silent = performance.now() - this.#receivedAt >= this.#settings.pingInterval;
      if (silent) this.check();
      else this.#watch();
    });
  }

  /** Replaces the connection's only timer. */
  #setTimer(milliseconds: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, milliseconds);
  }

  /** Abandons a connection that does not answer, without waiting for the close event. */
  #drop(): void {
    const reason = `no answer within ${this.#settings.timeout} ms`;
    this.#fail({ reason, code: undefined });
    this.#socket.close();
  }

  #fail(loss: Loss): void {
    if (this.#over) return;
    this.#finish();
    this.#owner.lost(loss);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = null;
    for (const { reject } of this.#pings.splice(0)) reject(notConnected());
  }
}
