import { invalidOption, RangerError } from "./errors.ts";

/** What this client needs of a WebSocket; those of browsers, Node 22, Deno, Bun and `ws` have it. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** What this client needs of an AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A token, or who has one; with nothing the connection is anonymous. */
export type TokenSource =
  | string
  | (() => string | null | undefined | Promise<string | null | undefined>);

/** How to connect; everything has a default. */
export interface ConnectOptions {
  /**
   * For private streams: a JWT, or better a function that fetches one. The function is called for
   * each connection, before the token ends, and when the server says that it has ended; a plain
   * text cannot be renewed.
   */
  readonly token?: TokenSource | undefined;
  /** Closes the connection and lets go of everything when it is aborted. */
  readonly signal?: AbortSignalLike | undefined;
  /** The constructor to use; needed in Node 20, which has none: that of npm's `ws`. */
  readonly WebSocket?: (new (url: string) => WebSocketLike) | undefined;
  /** Milliseconds of silence after which the server is pinged. Default 15,000. */
  readonly pingInterval?: number | undefined;
  /** Milliseconds that opening a connection, or the answer to a ping, may take. Default 10,000. */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds that the first attempt after a loss waits at most: a random part of it, so that
   * not all clients come at once. Doubled for each further attempt. Default 500.
   */
  readonly minReconnectDelay?: number | undefined;
  /** Milliseconds that any attempt waits at most. Default 30,000. */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * Attempts in a row after which it gives up, at the beginning or after a loss; one has succeeded
   * when its connection has lasted ten seconds. Default: never.
   */
  readonly maxReconnectAttempts?: number | undefined;
}

/** The options with nothing left open. */
export interface Settings {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly WebSocket: new (url: string) => WebSocketLike;
  readonly pingInterval: number;
  readonly timeout: number;
  readonly minReconnectDelay: number;
  readonly maxReconnectDelay: number;
  readonly maxReconnectAttempts: number;
}

/** @throws {RangerError} an option is wrong, and the message says what would be right */
export function resolveSettings(
  url: string | { readonly href: string },
  options: ConnectOptions,
): Settings {
  const { WebSocket = (globalThis as Pick<ConnectOptions, "WebSocket">).WebSocket } = options;
  if (!WebSocket) {
    throw new RangerError(
      "no-websocket",
      "No WebSocket here: use Node 22, or connect(url, { WebSocket }) with npm's ws",
    );
  }
  const numbers = {
    pingInterval: 15_000,
    timeout: 10_000,
    minReconnectDelay: 500,
    maxReconnectDelay: 30_000,
    maxReconnectAttempts: Infinity,
  };
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = numbers[name] = options[name] ?? numbers[name];
    if (!(value > 0)) invalidOption(name, "above 0", value);
  }
  return { ...numbers, url: address(url, !options.WebSocket), token: options.token, WebSocket };
}

/** Asks for events as objects, whatever the server prefers; a page's own host may be left out. */
function address(given: string | { readonly href: string }, cannotSendHeaders: boolean): string {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  let url: URL | undefined;
  try {
    url = new URL(typeof given === "string" ? given : given.href, page);
    url.protocol = url.protocol.replace(/^http/, "ws");
  } catch {
    // Told below.
  }
  if (!url || !/^wss?:$/.test(url.protocol)) {
    throw new RangerError(
      "url",
      `No URL of a WebSocket, such as wss://example.com/public: ${given}`,
    );
  }
  if (cannotSendHeaders && /\/private\/?$/.test(url.pathname)) {
    throw new RangerError("url", "Use /public: it has private streams too, and needs no header");
  }
  url.hash = "";
  url.searchParams.set("envelope", "object");
  return url.href;
}
