import { errors, jwtVerify } from "jose";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import type { Settings } from "../config/types.ts";
import { TokenError, type TokenErrorCode } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { loadVerificationKey, type VerificationKey } from "./keys.ts";

/**
 * Tokens whose signature and claims were found good. When the server or a proxy before it was
 * restarted all clients come back at once, each with the token that it had.
 */
const REMEMBERED = 20_000;

/** Seconds since the epoch, where the token has them. */
interface Times {
  readonly exp: number | undefined;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
}

/** What a token says whose signature and claims are good; its times are judged apart. */
interface Judged {
  readonly identity: Identity;
  readonly times: Times;
}

/** What tests may set. */
export interface VerifierOptions {
  /** Seconds since the epoch. @default the system's clock */
  readonly now?: () => number;
}

/**
 * Verifies the tokens that connections authenticate with.
 *
 * @example
 * ```ts
 * const verifier = await TokenVerifier.create(settings.auth);
 * const { uid, role } = await verifier.verify(token);
 * ```
 */
export class TokenVerifier {
  /** The configured key, for what people are shown about it. */
  readonly key: VerificationKey;
  readonly #auth: Settings["auth"];
  readonly #options: JWTVerifyOptions;
  readonly #now: () => number;
  /** By a hash of the token, so that no token is kept; the oldest goes first. */
  readonly #good = new Map<string, Judged>();

  private constructor(auth: Settings["auth"], key: VerificationKey, now: () => number) {
    this.key = key;
    this.#auth = auth;
    this.#now = now;
    this.#options = {
      algorithms: [key.algorithm],
      // jose knows one tolerance for all; the exact one of each claim is applied in #checkTimes.
      clockTolerance: Math.max(auth.leeway.exp, auth.leeway.nbf),
      ...(auth.issuer === "" ? {} : { issuer: auth.issuer }),
      ...(auth.audience.length === 0 ? {} : { audience: [...auth.audience] }),
      ...(auth.subject === "" ? {} : { subject: auth.subject }),
    };
  }

  /**
   * Loads the key and makes the rules.
   *
   * @throws {ConfigurationError} the key cannot be used, or the algorithm does not fit it
   */
  static async create(
    auth: Settings["auth"],
    { now = () => Date.now() / 1000 }: VerifierOptions = {},
  ): Promise<TokenVerifier> {
    const key = await loadVerificationKey(auth.publicKey, { algorithm: auth.algorithm });
    return new TokenVerifier(auth, key, now);
  }

  /**
   * @param token a JWT in its compact form, without `Bearer`
   * @returns who it speaks for
   * @throws {TokenError} it does not verify; `code` says why
   */
  async verify(token: string): Promise<Identity> {
    const now = this.#now();
    const hash = createHash("sha256").update(token).digest("base64");
    const { identity, times } = this.#good.get(hash) ?? await this.#judge(token, now);
    // What time can change is looked at each time.
    this.#checkTimes(times, now);
    this.#remember(hash, { identity, times });
    return identity;
  }

  async #judge(token: string, now: number): Promise<Judged> {
    const { exp, nbf, iat, jti, uid, role } = await this.#verified(token, now);
    if (!isCompact(token)) {
      throw new TokenError("ERR_TOKEN_MALFORMED", "the token is not in its compact form");
    }
    if (this.#auth.requireJti && !isPresent(jti)) {
      throw new TokenError("ERR_TOKEN_JTI", "the claim jti is missing or empty");
    }
    if (typeof uid !== "string" || uid === "") {
      throw new TokenError("ERR_TOKEN_UID", "the claim uid is missing, empty or no string");
    }
    return {
      identity: { uid, role: typeof role === "string" ? role : "", expiresAt: exp },
      times: { exp, nbf, iat },
    };
  }

  #remember(hash: string, judged: Judged): void {
    this.#good.delete(hash);
    this.#good.set(hash, judged);
    if (this.#good.size <= REMEMBERED) return;
    const [oldest] = this.#good.keys();
    if (oldest !== undefined) this.#good.delete(oldest);
  }

  async #verified(token: string, now: number): Promise<JWTPayload> {
    try {
      const options = { ...this.#options, currentDate: new Date(now * 1000) };
      return (await jwtVerify(token, this.key.key, options)).payload;
    } catch (error) {
      throw toTokenError(error);
    }
  }

  #checkTimes({ exp, nbf, iat }: Times, now: number): void {
    for (const [claim, value] of Object.entries({ exp, nbf, iat })) {
      // JSON may say 1e999, which is a number, and no date.
      if (value !== undefined && !Number.isFinite(value)) {
        throw new TokenError("ERR_TOKEN_MALFORMED", `the claim ${claim} is no date`);
      }
    }
    const { leeway } = this.#auth;
    if (exp !== undefined && exp + leeway.exp <= now) throw expired();
    if (nbf !== undefined && nbf - leeway.nbf > now) throw notYetValid();
    if (iat !== undefined && iat - leeway.iat > now) {
      throw new TokenError("ERR_TOKEN_ISSUED_IN_FUTURE", "the token is issued in the future");
    }
  }
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

/** A jti may be a number, as some issuers write it; only its absence matters. */
function isPresent(jti: unknown): boolean {
  return typeof jti === "number" || (typeof jti === "string" && jti.trim() !== "");
}

function expired(): TokenError {
  return new TokenError("ERR_TOKEN_EXPIRED", "the token has expired");
}

function notYetValid(): TokenError {
  return new TokenError("ERR_TOKEN_NOT_YET_VALID", "the token is not valid yet");
}

const MISMATCH: Readonly<Record<string, TokenErrorCode>> = {
  iss: "ERR_TOKEN_ISSUER",
  aud: "ERR_TOKEN_AUDIENCE",
  sub: "ERR_TOKEN_SUBJECT",
};

/** jose's errors carry the claims, and are therefore not kept as the cause. */
function toTokenError(error: unknown): TokenError {
  if (error instanceof errors.JWTExpired) return expired();
  if (error instanceof errors.JWTClaimValidationFailed) {
    const code = MISMATCH[error.claim];
    if (code !== undefined) {
      return new TokenError(code, `the claim ${error.claim} is missing or not the configured one`);
    }
    if (error.claim === "nbf" && error.reason === "check_failed") return notYetValid();
    return new TokenError("ERR_TOKEN_MALFORMED", `the claim ${error.claim} is malformed`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenError("ERR_TOKEN_ALGORITHM", "the token's algorithm is not allowed");
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenError("ERR_TOKEN_SIGNATURE", "the signature is not of the configured key");
  }
  return new TokenError("ERR_TOKEN_MALFORMED", "the token is no signed JWT");
}
