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
import { ConcurrencyLimit } from "./concurrency_limit.ts";
import { resultOf, TokenError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { loadVerificationKeys } from "./keys.ts";
import { KeySet } from "./key_set.ts";
import { RemoteKeys, type RemoteState } from "./remote_keys.ts";
import { Revocations } from "./revocations.ts";
import type { VerificationKey } from "./verification_key.ts";

/**
 * Tokens whose signature and claims were found good. When the server or a proxy before it was
 * restarted all clients come back at once, each with the token that it had.
 */
const REMEMBERED = 20_000;

/** Tokens that were refused, which are not verified again for a while; the oldest goes first. */
const MAX_REFUSED = 10_000;
/** Seconds; the clock may be set, so no refusal is for ever. */
const REFUSED_SECONDS = 60;

/** Limits how many tokens of one client may fail to verify. */
export interface FailureBudget {
  /** Whether the connection itself has failed too often; its tokens are not even looked up then. */
  isSpentHere(): boolean;
  /** Whether the connection or its address has; a token is not verified then. */
  isSpent(): boolean;
  /** A token did not verify. */
  failed(): void;
  /** A token was refused without verifying it: it counts for the connection, and cost little. */
  refused(): void;
}

/** A refusal that holds for some time. */
interface Refusal {
  readonly error: TokenError;
  /** Seconds since the epoch. */
  readonly until: number;
}

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
 * import { type AuthSettings } from "./claims.ts";
 * declare const settings: AuthSettings;
 * const verifier = await TokenVerifier.create(settings);
 * const { uid, role } = await verifier.verify("eyJhbGciOi…");
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
  #revocations: Revocations;
  /** By a hash of the token, so that no token is kept; the oldest goes first. */
  #good = new Map<string, Judged>();
  /** The same of tokens that no key that may come can make good. */
  #refused = new Map<string, Refusal>();
  readonly #verifying = new ConcurrencyLimit(MAX_VERIFYING);
  /** Tokens being verified: those that come several times at once are verified once. */
  #judging = new Map<string, Promise<Judged>>();

  private constructor(
    auth: AuthSettings,
    fixed: readonly VerificationKey[],
    revocations: Revocations,
    now: () => number,
  ) {
    this.#auth = auth;
    this.#revocations = revocations;
    this.#fixed = fixed;
    this.#remote = this.#remoteOf(auth);
    this.#keys = new KeySet(fixed);
    this.#now = now;
  }

  /**
   * Loads the keys and makes the rules. The keys of `auth.jwks_url` are fetched from here on;
   * until the first set is there `unready` says so.
   *
   * @throws {ConfigurationError} a key cannot be used, the algorithm does not fit it, or
   *   `auth.revoked` cannot be read
   */
  static async create(
    auth: AuthSettings,
    { now = () => Date.now() / 1000 }: VerifierOptions = {},
  ): Promise<TokenVerifier> {
    const revocations = await Revocations.read(auth.revoked);
    const verifier = new TokenVerifier(auth, await fixedKeys(auth), revocations, now);
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
   * @param failures of the client that sent it; left out where nothing limits them
   * @returns who it speaks for
   * @throws {TokenError} it does not verify; `code` says why
   */
  async verify(token: string, failures?: FailureBudget): Promise<Identity> {
    try {
      const identity = await this.#verify(token, failures);
      this.#results.add(resultOf());
      return identity;
    } catch (error) {
      this.#results.add(resultOf(error));
      throw error;
    }
  }

  /**
   * Judges a token at once where nothing has to be verified: it was judged before, or its client has
   * failed too often. That costs a hash at most, in the caller's own time.
   *
   * @param failures of the client that sent it; left out where nothing limits them
   * @returns who it speaks for; `undefined` where it has to be verified
   * @throws {TokenError} it is refused
   */
  recall(token: string, failures?: FailureBudget): Identity | undefined {
    try {
      if (failures?.isSpentHere()) throw TOO_MANY_FAILURES;
      const identity = this.#recall(hashOf(token), failures);
      if (identity !== undefined) this.#results.add(resultOf());
      return identity;
    } catch (error) {
      failures?.refused();
      this.#results.add(resultOf(error));
      throw error;
    }
  }

  /**
   * Makes ready for other settings while it goes on with those that it has.
   *
   * @returns puts them in force, at once and without fail: tokens are verified by the new keys and
   *   rules from then on, those that were found good before as well
   * @throws {ConfigurationError} a key or `auth.revoked` cannot be used; nothing has changed
   * @throws {UnavailableError} another `auth.jwks_url` gives no keys; nothing has changed
   */
  async prepare(auth: AuthSettings): Promise<() => void> {
    const fixed = await fixedKeys(auth);
    const revocations = await Revocations.read(auth.revoked);
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
      this.#revocations = revocations;
      this.#remote = remote;
      this.#good = new Map();
      this.#collectKeys();
    };
  }

  /** Whether a token that verified, or its user, is in the file of `auth.revoked`. */
  isRevoked(identity: Pick<Identity, "uid" | "jti">): boolean {
    return this.#revocations.has(identity);
  }

  /** Fetches no more keys. */
  stop(): void {
    this.#remote?.stop();
  }

  #recall(hash: string, failures: FailureBudget | undefined): Identity | undefined {
    const now = this.#now();
    const judged = this.#good.get(hash);
    if (judged !== undefined) {
      return this.#keys.has(judged.key) ? this.#identityNow(judged, now) : undefined;
    }
    // Both cost nothing, so they come before the limit, which is for what costs.
    const refusal = this.#refused.get(hash);
    if (refusal !== undefined && refusal.until > now) throw refusal.error;
    if (failures?.isSpent()) throw TOO_MANY_FAILURES;
    return undefined;
  }

  async #verify(token: string, failures: FailureBudget | undefined): Promise<Identity> {
    const now = this.#now();
    const hash = hashOf(token);
    const known = this.#recall(hash, failures);
    if (known !== undefined) return known;
    // One of a key that is not in force any more does not count: its client cannot know.
    const isKnown = this.#good.has(hash);
    try {
      let rules: AuthSettings;
      let judged: Judged;
      do {
        rules = this.#auth;
        judged = await this.#judgeOnce(hash, token, now, failures);
        // Once more where the rules or the keys changed meanwhile.
      } while (rules !== this.#auth || !this.#keys.has(judged.key));
      const identity = this.#identityNow(judged, now);
      remember(this.#good, hash, judged, REMEMBERED);
      return identity;
    } catch (error) {
      const hasFailed = error instanceof TokenError && error !== TOO_MANY_FAILURES;
      if (hasFailed && !isKnown) failures?.failed();
      throw error;
    }
  }

  /** Looks each time at what time can change. */
  #identityNow({ identity, times }: Judged, now: number): Identity {
    checkTimes(times, this.#auth, now);
    if (this.isRevoked(identity)) {
      throw new TokenError("ERR_TOKEN_REVOKED", "the token or its user is revoked");
    }
    return identity;
  }

  #judgeOnce(
    hash: string,
    token: string,
    now: number,
    failures: FailureBudget | undefined,
  ): Promise<Judged> {
    const judging = this.#judging;
    const pending = judging.get(hash);
    if (pending) {
      return pending.catch((error) => {
        if (error !== TOO_MANY_FAILURES || failures?.isSpent()) throw error;
        // Those were the failures of the client that sent it first.
        return this.#judgeOnce(hash, token, now, failures);
      });
    }
    const refused = this.#refused;
    const judged = this.#judge(token, now, failures).catch((error) => {
      if (error instanceof TokenError && this.#isFinal(token, error)) {
        remember(refused, hash, { error, until: now + REFUSED_SECONDS }, MAX_REFUSED);
      }
      throw error;
    }).finally(() => judging.delete(hash));
    judging.set(hash, judged);
    return judged;
  }

  async #judge(token: string, now: number, failures: FailureBudget | undefined): Promise<Judged> {
    const header = headerOf(token);
    const first = await this.#tryKeys(token, header, now, failures);
    if (!(first instanceof TokenError)) return first;
    if (!this.#mayBeOfNewKey(header, first) || !(await this.#remote?.lookAgain())) throw first;
    const second = await this.#tryKeys(token, header, now, failures);
    if (second instanceof TokenError) throw second;
    return second;
  }

  /** Whether neither time nor a key that is still to come can make a refused token good. */
  #isFinal(token: string, error: TokenError): boolean {
    switch (error.code) {
      case "ERR_TOKEN_NOT_YET_VALID":
      case "ERR_TOKEN_ISSUED_IN_FUTURE":
      case "ERR_TOKEN_EXP_TOO_FAR":
      case "ERR_TOKEN_NO_KEYS":
      case "ERR_TOKEN_TOO_MANY_FAILURES":
        return false;
      case "ERR_TOKEN_SIGNATURE":
      case "ERR_TOKEN_UNKNOWN_KEY":
      case "ERR_TOKEN_ALGORITHM":
        return this.#remote === undefined || !this.#mayBeOfNewKey(headerOf(token), error);
    }
    return true;
  }

  /**
   * @returns an error where no key fits
   * @throws {TokenError} a key fits, and the claims are wrong
   */
  async #tryKeys(
    token: string,
    { alg, kid }: Header,
    now: number,
    failures: FailureBudget | undefined,
  ): Promise<Judged | TokenError> {
    const keys = this.#keys;
    const auth = this.#auth;
    for (const key of keys.candidates(alg, kid)) {
      const payload = await this.#verifying.run(() => {
        // Of thousands that come at once, the first have failed meanwhile.
        if (failures?.isSpent()) throw TOO_MANY_FAILURES;
        return verifiedBy(key, token, auth, now);
      });
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

  #remoteOf(auth: AuthSettings): RemoteKeys | undefined {
    if (auth.jwksUrl === "") return undefined;
    return new RemoteKeys(auth, () => this.#collectKeys());
  }

  #collectKeys(): void {
    this.#keys = new KeySet([...this.#fixed, ...this.#remote?.keys ?? []]);
    this.#refused = new Map();
    this.#judging = new Map();
  }
}

/**
 * Signatures that are verified at once: enough for all cores, and few enough that thousands that come
 * at once do not keep the cores from everything else.
 */
const MAX_VERIFYING = 64;

/** One for all: a client that sends thousands of tokens is not to cost as many stack traces. */
const TOO_MANY_FAILURES = new TokenError(
  "ERR_TOKEN_TOO_MANY_FAILURES",
  "too many tokens did not verify",
);

/** So that no token is kept. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

/** Puts an entry behind all others; above `max` the first one goes. */
function remember<T>(entries: Map<string, T>, hash: string, entry: T, max: number): void {
  entries.delete(hash);
  entries.set(hash, entry);
  if (entries.size <= max) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
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
  throw new TokenError("ERR_TOKEN_MALFORMED", "the token is not a signed JWT");
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
