import { decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { UnavailableError } from "../errors.ts";
import { LabelledCounter } from "../telemetry/labelled_counter.ts";
import { isAllowed, isSameAlgorithm, namesOf } from "./algorithms.ts";
import {
  type AuthSettings,
  checkTimes,
  claimOptions,
  identityOf,
  type Times,
  toTokenError,
} from "./claims.ts";
import { resultOf, TokenError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { loadVerificationKeys } from "./keys.ts";
import { KeySet } from "./key_set.ts";
import { RemoteKeys, type RemoteState } from "./remote_keys.ts";
import type { VerificationKey } from "./verification_key.ts";

/**
 * Tokens whose signature and claims were found good. When the server or a proxy before it was
 * restarted all clients come back at once, each with the token that it had.
 */
const REMEMBERED = 20_000;

/** What a token says whose signature and claims are good; its times are judged apart. */
interface Judged {
  readonly identity: Identity;
  readonly times: Times;
  /** What it was signed with; it is good for as long as that is in force. */
  readonly key: VerificationKey;
}

/** What a token says of itself; nothing of it is believed. */
interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** What tests may set. */
export interface VerifierOptions {
  /** Seconds since the epoch. @default the system's clock */
  readonly now?: () => number;
}

/** How it goes with tokens and keys, for the operator. */
export interface AuthState {
  /** Tokens by what came of them (see {@linkcode resultOf}). */
  readonly results: LabelledCounter;
  /** Keys in force. */
  readonly keys: number;
  /** Left out without `auth.jwks_url`. */
  readonly jwks?: RemoteState;
}

/**
 * Verifies the tokens that connections authenticate with.
 *
 * @example
 * ```ts
 * const verifier = await TokenVerifier.create(settings.auth);
 * const { uid, role } = await verifier.verify(token);
 * verifier.stop();
 * ```
 */
export class TokenVerifier {
  readonly #now: () => number;
  readonly #results = new LabelledCounter();
  #auth: AuthSettings;
  /** Those of `auth.public_key`. */
  #fixed: readonly VerificationKey[];
  /** Those of `auth.jwks_url`. */
  #remote: RemoteKeys | undefined;
  #keys: KeySet;
  /** By a hash of the token, so that no token is kept; the oldest goes first. */
  #good = new Map<string, Judged>();

  private constructor(
    auth: AuthSettings,
    fixed: readonly VerificationKey[],
    now: () => number,
  ) {
    this.#auth = auth;
    this.#fixed = fixed;
    this.#remote = this.#remoteOf(auth);
    this.#keys = new KeySet(fixed);
    this.#now = now;
  }

  /**
   * Loads the keys and makes the rules. The keys of `auth.jwks_url` are fetched from here on;
   * until the first set is there `unready` says so.
   *
   * @throws {ConfigurationError} a key cannot be used, or the algorithm does not fit it
   */
  static async create(
    auth: AuthSettings,
    { now = () => Date.now() / 1000 }: VerifierOptions = {},
  ): Promise<TokenVerifier> {
    const verifier = new TokenVerifier(auth, await fixedKeys(auth), now);
    verifier.#remote?.start();
    return verifier;
  }

  /** The keys in force, for what people are shown about them. */
  get keys(): readonly VerificationKey[] {
    return this.#keys.keys;
  }

  get state(): AuthState {
    return {
      results: this.#results,
      keys: this.#keys.keys.length,
      ...(this.#remote === undefined ? {} : { jwks: this.#remote.state }),
    };
  }

  /** Why tokens cannot be verified as configured; empty when they can. */
  unready(): readonly string[] {
    const jwks = this.#remote?.state;
    if (jwks === undefined || jwks.fetched > 0) return [];
    return [`no keys from ${jwks.url} yet: ${jwks.failure ?? "they are being fetched"}`];
  }

  /**
   * @param token a JWT in its compact form, without `Bearer`
   * @returns who it speaks for
   * @throws {TokenError} it does not verify; `code` says why
   */
  async verify(token: string): Promise<Identity> {
    try {
      const identity = await this.#verify(token);
      this.#results.add(resultOf());
      return identity;
    } catch (error) {
      this.#results.add(resultOf(error));
      throw error;
    }
  }

  /**
   * Makes ready for other settings while it goes on with those that it has.
   *
   * @returns puts them in force, at once and without fail: tokens are verified by the new keys and
   *   rules from then on, those that were found good before as well
   * @throws {ConfigurationError} a key cannot be used; nothing has changed
   * @throws {UnavailableError} another `auth.jwks_url` gives no keys; nothing has changed
   */
  async prepare(auth: AuthSettings): Promise<() => void> {
    const fixed = await fixedKeys(auth);
    const kept = this.#remote?.isFor(auth) === true;
    const remote = kept ? this.#remote : this.#remoteOf(auth);
    // A set that is there already is asked for again: its keys may be the reason.
    await remote?.refresh();
    if (remote !== undefined && !kept && remote.keys.length === 0) {
      const { url, failure } = remote.state;
      throw new UnavailableError(
        `auth.jwks_url: no keys from ${url}: ${failure}; ` +
          "expected the address of a JSON Web Key Set that can be reached from here",
      );
    }
    return () => {
      if (kept) remote?.retime(auth);
      else {
        this.#remote?.stop();
        remote?.start();
      }
      this.#auth = auth;
      this.#fixed = fixed;
      this.#remote = remote;
      this.#good = new Map();
      this.#collectKeys();
    };
  }

  /** Fetches no more keys. */
  stop(): void {
    this.#remote?.stop();
  }

  async #verify(token: string): Promise<Identity> {
    const now = this.#now();
    const hash = createHash("sha256").update(token).digest("base64");
    let judged = this.#good.get(hash);
    let good = this.#good;
    // Once more where the rules or the keys changed meanwhile.
    while (judged === undefined || good !== this.#good || !this.#keys.has(judged.key)) {
      good = this.#good;
      judged = await this.#judge(token, now);
    }
    // What time can change is looked at each time.
    checkTimes(judged.times, this.#auth, now);
    this.#remember(hash, judged);
    return judged.identity;
  }

  async #judge(token: string, now: number): Promise<Judged> {
    const header = headerOf(token);
    const first = await this.#tryKeys(token, header, now);
    if (!(first instanceof TokenError)) return first;
    if (!this.#mayBeOfNewKey(header, first) || !(await this.#remote?.lookAgain())) throw first;
    const second = await this.#tryKeys(token, header, now);
    if (second instanceof TokenError) throw second;
    return second;
  }

  /**
   * @returns an error where no key fits
   * @throws {TokenError} a key fits, and the claims are wrong
   */
  async #tryKeys(token: string, { alg, kid }: Header, now: number): Promise<Judged | TokenError> {
    const keys = this.#keys;
    const auth = this.#auth;
    for (const key of keys.candidates(alg, kid)) {
      const payload = await verifiedBy(key, token, auth, now);
      if (payload === undefined) continue;
      if (!isCompact(token)) {
        throw new TokenError("ERR_TOKEN_MALFORMED", "the token is not in its compact form");
      }
      const { exp, nbf, iat } = payload;
      return { identity: identityOf(payload, auth), times: { exp, nbf, iat }, key };
    }
    if (keys.candidates(alg, kid).length > 0) {
      return new TokenError("ERR_TOKEN_SIGNATURE", "the signature is of no key in force");
    }
    if (keys.keys.length === 0 && isAllowed(alg)) {
      return new TokenError("ERR_TOKEN_NO_KEYS", "there are no keys yet");
    }
    return keys.knows(alg)
      ? new TokenError("ERR_TOKEN_UNKNOWN_KEY", "the token's kid names no key in force")
      : new TokenError("ERR_TOKEN_ALGORITHM", "the token's algorithm is not allowed");
  }

  #mayBeOfNewKey({ alg, kid }: Header, { code }: TokenError): boolean {
    const { algorithm } = this.#auth;
    if (!isAllowed(alg)) return false;
    if (algorithm !== "" && !isSameAlgorithm(algorithm, alg)) return false;
    return code !== "ERR_TOKEN_SIGNATURE" || kid === undefined;
  }

  #remember(hash: string, judged: Judged): void {
    this.#good.delete(hash);
    this.#good.set(hash, judged);
    if (this.#good.size <= REMEMBERED) return;
    const [oldest] = this.#good.keys();
    if (oldest !== undefined) this.#good.delete(oldest);
  }

  #remoteOf(auth: AuthSettings): RemoteKeys | undefined {
    if (auth.jwksUrl === "") return undefined;
    return new RemoteKeys(auth, () => this.#collectKeys());
  }

  #collectKeys(): void {
    this.#keys = new KeySet([...this.#fixed, ...this.#remote?.keys ?? []]);
  }
}

/** @returns undefined where the signature is of another key */
async function verifiedBy(
  key: VerificationKey,
  token: string,
  auth: AuthSettings,
  now: number,
): Promise<JWTPayload | undefined> {
  try {
    return (await jwtVerify(token, key.key, {
      ...claimOptions(auth),
      // The key's own, so that no token can choose.
      algorithms: [...namesOf(key.algorithm)],
      currentDate: new Date(now * 1000),
    })).payload;
  } catch (error) {
    const wrong = toTokenError(error);
    if (wrong.code === "ERR_TOKEN_SIGNATURE") return undefined;
    throw wrong;
  }
}

/** @throws {TokenError} it has none */
function headerOf(token: string): Header {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (typeof alg === "string" && token.split(".", 4).length === 3) {
      return { alg, kid: typeof kid === "string" ? kid : undefined };
    }
  } catch {
    // Said below.
  }
  throw new TokenError("ERR_TOKEN_MALFORMED", "the token is no signed JWT");
}

/**
 * Whether a token whose signature is good is spelled in the one way that there is (RFC 7515 §2,
 * §7.1). The decoder also takes white space and other last digits in the signature, with which one
 * token could be made into as many as one likes.
 */
function isCompact(token: string): boolean {
  const signature = token.slice(token.lastIndexOf(".") + 1);
  return /^[\w.-]+$/.test(token) &&
    Buffer.from(signature, "base64url").toString("base64url") === signature;
}

function fixedKeys(auth: AuthSettings): Promise<readonly VerificationKey[]> {
  if (auth.publicKey === "" && auth.jwksUrl !== "") return Promise.resolve([]);
  return loadVerificationKeys(auth.publicKey, { algorithm: auth.algorithm });
}
