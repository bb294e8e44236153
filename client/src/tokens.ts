import { type ErrorCode, RangerError } from "./errors.ts";
import { backoff } from "./reconnector.ts";
import type { Settings } from "./options.ts";
import type { Identity } from "./state.ts";

/** Who wants to be authenticated. */
export interface TokensOwner {
  send(message: string): void;
  /** The server takes the connection for somebody else now, or for nobody. */
  identified(identity: Identity | undefined): void;
  failed(error: RangerError): void;
  /** There will be no token: what needs one is in vain. */
  authFailed(error: RangerError): void;
  /** The server still takes the connection for somebody, and should not. */
  signedOut(): void;
}

/** Longest time that timers take, in milliseconds; longer ones fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds before its end that a token is renewed; short-lived ones at four fifths. */
const RENEW_AHEAD_MS = 30_000;

/**
 * What a token says of itself (RFC 7519 §4), unverified: the server verifies.
 *
 * @returns `undefined` where it is no token
 */
export function identityOf(token: string): Identity | undefined {
  try {
    const base64 = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    const { uid, role, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return { uid, role, expiresAt: typeof exp === "number" ? exp * 1000 : undefined };
  } catch {
    return undefined;
  }
}

/** Keeps a connection authenticated. */
export class Tokens {
  readonly #settings: Settings;
  readonly #owner: TokensOwner;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the latest question; answers to earlier ones come too late. */
  #generation = 0;
  #attempt = 0;
  /** Not answered yet; answers come in the order of what they answer. */
  #unanswered: string[] = [];
  #accepted = "";

  constructor(settings: Settings, owner: TokensOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  /** Asks for a token and sends it. */
  async renew(): Promise<void> {
    const { token: source } = this.#settings;
    this.#stop();
    const round = this.#generation;
    let token: string | null | undefined;
    try {
      token = typeof source === "function" ? await source() : source;
      if (token && typeof token !== "string") throw new TypeError("it is no text");
    } catch (cause) {
      if (round !== this.#generation) return;
      return this.#failed("token-unavailable", `The token could not be had (${cause})`, cause);
    }
    if (round !== this.#generation) return;
    const latest = this.#unanswered.at(-1) ?? this.#accepted;
    if (!token) {
      if (latest) return this.#owner.signedOut();
      const message = "Private streams need a token, and `token` gave none";
      return this.#owner.authFailed(new RangerError("unauthenticated", message));
    }
    token = token.replace(/^Bearer\s+/i, "");
    // A cached one, which the server has already: there may be another one nearer to its end.
    if (token === latest) return this.#schedule(identityOf(token));
    this.#unanswered.push(token);
    this.#owner.send(JSON.stringify({ jwt: `Bearer ${token}` }));
  }

  /** The connection is gone, or nothing is wanted any more. */
  lost(): void {
    this.#stop();
    this.#unanswered = [];
    this.#accepted = "";
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#generation++;
  }

  // Here and below the owner is told last: whoever is told may end everything.
  accepted(): void {
    this.#attempt = 0;
    this.#accepted = this.#unanswered.shift() ?? "";
    const identity = identityOf(this.#accepted);
    this.#schedule(identity);
    this.#owner.identified(identity);
  }

  refused(why: string): void {
    this.#unanswered.shift();
    this.#failed("token-refused", `The server refused the token (${why})`);
  }

  expired(): void {
    this.#accepted = "";
    this.#renewIn(0);
    if (!this.#renewable) this.#failed("token-refused", "The token has expired");
    this.#owner.identified(undefined);
  }

  get #renewable(): boolean {
    return typeof this.#settings.token === "function";
  }

  #failed(code: ErrorCode, why: string, cause?: unknown): void {
    // A function is asked again.
    const advice = this.#renewable ? "" : "; give it as a function";
    const error = new RangerError(code, why + advice, undefined, cause);
    if (!this.#renewable) return this.#owner.authFailed(error);
    this.#renewIn(backoff(this.#attempt++, this.#settings));
    this.#owner.failed(error);
  }

  #schedule(identity: Identity | undefined): void {
    const left = (identity?.expiresAt ?? 0) - Date.now();
    // Where the clocks disagree so much that it has ended already, the server's word decides.
    if (left > 0) this.#renewIn(Math.max(1000, left - RENEW_AHEAD_MS, left * 0.8));
  }

  #renewIn(milliseconds: number): void {
    if (!this.#renewable) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renew(), Math.min(milliseconds, MAX_TIMER_MS));
  }
}
