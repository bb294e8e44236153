import type { JWTPayload, JWTVerifyOptions } from "jose";
import { errors } from "jose";
import type { LiveSettings } from "../config/shape.ts";
import { TokenError, type TokenErrorCode } from "./errors.ts";
import type { Identity } from "./identity.ts";

/** The settings about tokens and keys; a running server applies all of them. */
export type AuthSettings = LiveSettings["auth"];

/**
 * The end of the year 2200 in seconds since the epoch. A later `exp` is most likely in milliseconds,
 * with which a token would be good for ever.
 */
const LATEST_EXP = Date.UTC(2201, 0) / 1000;

/** Seconds since the epoch, where the token has them. */
export interface Times {
  readonly exp: number | undefined;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
}

/** What jose is to check of the claims; times apart, see {@linkcode checkTimes}. */
export function claimOptions(auth: AuthSettings): JWTVerifyOptions {
  return {
    // jose knows one tolerance for all; the exact one of each claim is applied in checkTimes.
    clockTolerance: Math.max(auth.expLeeway, auth.nbfLeeway),
    ...(auth.issuer === "" ? {} : { issuer: auth.issuer }),
    ...(auth.audience.length === 0 ? {} : { audience: [...auth.audience] }),
    ...(auth.subject === "" ? {} : { subject: auth.subject }),
  };
}

/**
 * Who a token speaks for.
 *
 * @throws {TokenError} `jti` or `uid` is not as it must be
 */
export function identityOf(
  { exp, jti, uid, role }: JWTPayload,
  { requireJti }: AuthSettings,
): Identity {
  if (requireJti && !isPresent(jti)) {
    throw new TokenError("ERR_TOKEN_JTI", "the claim jti is missing or empty");
  }
  if (typeof uid !== "string" || uid === "") {
    throw new TokenError("ERR_TOKEN_UID", "the claim uid is missing, empty or no string");
  }
  return {
    uid,
    role: typeof role === "string" ? role : "",
    jti: isPresent(jti) ? String(jti) : undefined,
    expiresAt: exp,
  };
}

/**
 * What time can change, to be looked at each time.
 *
 * @param now seconds since the epoch
 * @throws {TokenError} a time does not hold, or is none
 */
export function checkTimes(
  { exp, nbf, iat }: Times,
  { expLeeway, nbfLeeway, iatLeeway, maxTtl, requireExp }: AuthSettings,
  now: number,
): void {
  for (const [claim, value] of Object.entries({ exp, nbf, iat })) {
    // JSON may say 1e999, which is a number, and no date.
    if (value !== undefined && !Number.isFinite(value)) {
      throw new TokenError("ERR_TOKEN_MALFORMED", `the claim ${claim} is not a date`);
    }
  }
  if (exp === undefined && (requireExp || maxTtl > 0)) {
    throw new TokenError("ERR_TOKEN_EXP_MISSING", "the claim exp is missing");
  }
  if (exp !== undefined && exp + expLeeway <= now) throw expired();
  if (exp !== undefined && exp >= LATEST_EXP) {
    throw new TokenError("ERR_TOKEN_EXP_TOO_FAR", "exp is beyond the year 2200: milliseconds?");
  }
  // Clocks may differ by the leeway for iat: a fresh token's whole life may be max_ttl.
  if (exp !== undefined && maxTtl > 0 && exp - now > maxTtl + iatLeeway) {
    throw new TokenError("ERR_TOKEN_EXP_TOO_FAR", "exp is further away than auth.max_ttl");
  }
  if (nbf !== undefined && nbf - nbfLeeway > now) throw notYetValid();
  if (iat !== undefined && iat - iatLeeway > now) {
    throw new TokenError("ERR_TOKEN_ISSUED_IN_FUTURE", "the token is issued in the future");
  }
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
export function toTokenError(error: unknown): TokenError {
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
    return new TokenError("ERR_TOKEN_SIGNATURE", "the signature is of no key in force");
  }
  return new TokenError("ERR_TOKEN_MALFORMED", "the token is not a signed JWT");
}
