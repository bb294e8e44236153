import { type ErrorCode, RangerError } from "./errors.ts";
import { backoff } from "./reconnector.ts";
import type { Settings } from "./options.ts";
import type { Identity } from "./state.ts";

/** Receives the events of {@linkcode Tokens}. */
export interface TokensOwner {
  send(message: string): void;
  /** The connection's identity has changed; `undefined` if it is anonymous. */
  identified(identity: Identity | undefined): void;
  failed(error: RangerError): void;
  /** The only token was refused or has expired, so private streams fail. */
  authFailed(error: RangerError): void;
  /** Nobody is signed in. @param identified whether the connection still has an identity */
  signedOut(identified: boolean): void;
}

/** Longest delay that `setTimeout` supports; longer delays fire immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * A token is renewed this long before it expires, or at 80 % of its remaining time if that is
 * later.
 */
const RENEW_AHEAD_MS = 30_000;

/**
 * Decodes the header or the claims of a token, unverified.
 *
 * @throws it is not JSON in base64url
 */
export function decodePart(part: string): unknown {
  const base64 = part.replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * Reads the claims of a token (RFC 7519 §4) without verifying it, which the server does.
 *
 * @returns `undefined` if it is not a JWT
 */
export function identityOf(token: string): Identity | undefined {
  try {
    const { uid, role, exp } = decodePart(token.split(".")[1]!) as Identity & { exp: unknown };
    return { uid, role, expiresAt: typeof exp === "number" ? exp * 1000 : undefined };
  } catch {
    return undefined;
  }
}

/** Authenticates a connection, and renews its token. */
export class Tokens {
  readonly #settings: Settings;
  readonly #owner: TokensOwner;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of the latest request for a token; results of earlier ones are discarded. */
  #generation = 0;
  #attempt = 0;
  /** Tokens that the server has not answered; it answers in order. */
  #unanswered: string[] = [];
  #accepted = "";

  constructor(settings: Settings, owner: TokensOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  /** Gets a token from its source and sends it. */
  async renew(): Promise<void> {
    const { token: source } = this.#settings;
    this.#stop();
    const round = this.#generation;
    let token: string | null | undefined;
    try {
      token = typeof source === "function" ? await source() : source;
      if (token && typeof token !== "string") throw new TypeError("it is not a string");
    } catch (cause) {
      if (round !== this.#generation) return;
      return this.#failed("token-unavailable", `No token (${cause})`, cause);
    }
    if (round !== this.#generation) return;
    const latest = this.#unanswered.at(-1) ?? this.#accepted;
    if (!token) return this.#owner.signedOut(!!latest);
    token = token.replace(/^Bearer\s+/i, "");
    // The source returned a cached token that the server already has.
    if (token === latest) return this.#schedule(identityOf(token));
    this.#unanswered.push(token);
    this.#owner.send(JSON.stringify({ jwt: `Bearer ${token}` }));
  }

  /** Call when the connection was lost or the client is closed. */
  lost(): void {
    this.#stop();
    this.#unanswered = [];
    this.#accepted = "";
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#generation++;
  }

  // Here and below the owner is called last, because it may close the client.
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
    // A function is called again later.
    const advice = this.#renewable ? "" : "; pass a function to renew it";
    const error = new RangerError(code, why + advice, undefined, cause);
    if (!this.#renewable) return this.#owner.authFailed(error);
    this.#renewIn(backoff(this.#attempt++, this.#settings));
    this.#owner.failed(error);
  }

  #schedule(identity: Identity | undefined): void {
    const left = (identity?.expiresAt ?? 0) - Date.now();
    // If the token has expired by the local clock, the server reports its expiry.
    if (left > 0) this.#renewIn(Math.max(1000, left - RENEW_AHEAD_MS, left * 0.8));
  }

  #renewIn(milliseconds: number): void {
    if (!this.#renewable) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renew(), Math.min(milliseconds, MAX_TIMER_MS));
  }
}
