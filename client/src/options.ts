import type { Book } from "./api.ts";
import { checkOptions, invalidOption, RangerError } from "./errors.ts";

/** The part of a WebSocket that this client uses: as in browsers, Node 22, Deno, Bun and `ws`. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** The part of an AbortSignal that this client uses. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A JWT, or a function that returns one; without a token the connection is anonymous. */
export type TokenSource =
  | string
  | (() => string | null | undefined | Promise<string | null | undefined>);

/** How to connect. Every option has a default. */
export interface ConnectOptions {
  /**
   * For private streams: a JWT, or preferably a function that fetches one. The function is called
   * for each connection, before the token expires, and when the server reports that it has expired.
   * A string cannot be renewed.
   */
  readonly token?: TokenSource | undefined;
  /**
   * Whether streams continue after a lost connection where they were, so that no event is missed or
   * repeated. A cursor, from {@link Ranger.cursor}, continues an earlier client. Default true.
   */
  readonly resume?: boolean | string | undefined;
  /**
   * Called after each message of a book: returns whether the book is right. A book that is wrong is
   * requested again. Pass `verifyBook` of `@ranger-ws/client/checksum`.
   */
  readonly verifyBook?: ((book: Book, payload: unknown) => boolean) | undefined;
  /** Closes the connection, all loops and all books when it is aborted. */
  readonly signal?: AbortSignalLike | undefined;
  /** The WebSocket constructor. Node 20 has none: pass the one from npm's `ws`. The server's path
   * `/private` needs a subclass or function that sends the `Authorization` header. */
  readonly WebSocket?: (new (url: string) => WebSocketLike) | undefined;
  /** Milliseconds without a message after which the client pings. Default 15,000. */
  readonly pingInterval?: number | undefined;
  /** Maximum time in milliseconds to open a connection or answer a ping. Default 10,000. */
  readonly timeout?: number | undefined;
  /**
   * Maximum wait in milliseconds before the first attempt after a loss; it doubles with each
   * further attempt. The wait is a random part of it, so that clients do not all reconnect at once.
   * Default 500.
   */
  readonly minReconnectDelay?: number | undefined;
  /** Maximum wait in milliseconds before any attempt. Default 30,000. */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * Failed attempts in a row after which the client closes, at the start or after a loss. An
   * attempt has succeeded when its connection has lasted ten seconds. Default: no limit.
   */
  readonly maxReconnectAttempts?: number | undefined;
}

/** The options with their defaults applied. */
export interface Settings {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly resume: boolean | string;
  readonly verifyBook: ConnectOptions["verifyBook"];
  readonly WebSocket: new (url: string) => WebSocketLike;
  readonly pingInterval: number;
  readonly timeout: number;
  readonly minReconnectDelay: number;
  readonly maxReconnectDelay: number;
  readonly maxReconnectAttempts: number;
}

/** @throws {RangerError} an option is invalid; the message names the valid values */
export function resolveSettings(
  url: string | { readonly href: string },
  options: ConnectOptions,
): Settings {
  const { WebSocket = (globalThis as Pick<ConnectOptions, "WebSocket">).WebSocket } = options;
  if (!WebSocket) {
    throw new RangerError(
      "no-websocket",
      "Use Node 22, or pass { WebSocket } from npm's ws",
    );
  }
  const numbers = {
    pingInterval: 15_000,
    timeout: 10_000,
    minReconnectDelay: 500,
    maxReconnectDelay: 30_000,
    maxReconnectAttempts: Infinity,
  };
  const others = ["token", "resume", "verifyBook", "signal", "WebSocket"];
  checkOptions(options, [...others, ...Object.keys(numbers)]);
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = numbers[name] = options[name] ?? numbers[name];
    if (!(value > 0)) invalidOption(name, "above 0", value);
  }
  const { token, resume = true, verifyBook } = options;
  const wanted = `${resume ? "cursor=&" : ""}${verifyBook ? "checksum=1&" : ""}`;
  return { ...numbers, url: address(url, WebSocket, wanted), token, resume, verifyBook, WebSocket };
}

/**
 * Requests the object envelope, whatever the server's default; resolves URLs relative to the page.
 *
 * @param wanted further parameters
 */
function address(
  given: string | { readonly href: string },
  WebSocket: object,
  wanted: string,
): string {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  let url = typeof given === "string" ? given : given.href;
  try {
    // Elsewhere it is absolute. React Native's URL appends a slash, and has no setters.
    if (page) url = new URL(url, page).href;
  } catch {
    // Reported below.
  }
  url = url.replace(/^http/i, "ws").replace(/#.*/s, "");
  if (!/^wss?:\/\/[^/?]/i.test(url)) {
    throw new RangerError(
      "url",
      `Invalid URL ${given}; a valid one is wss://example.com/public`,
    );
  }
  // A WebSocket class has these constants; a subclass or function that adds headers has not.
  if (Object.hasOwn(WebSocket, "CONNECTING") && /^[^?]*\/private\/?(\?|$)/.test(url)) {
    throw new RangerError(
      "url",
      "Use /public: it has private streams too",
    );
  }
  // Of parameters with the same name, the server reads the first.
  return url.replace(/\?|$/, `?envelope=object&${wanted}`);
}
