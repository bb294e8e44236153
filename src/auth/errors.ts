/**
 * Why a token did not verify. Stable: metrics and logs count by these.
 *
 * | code | what was wrong |
 * | --- | --- |
 * | `ERR_TOKEN_MALFORMED` | no JWT, or a registered claim of the wrong type |
 * | `ERR_TOKEN_ALGORITHM` | signed by an algorithm that is not allowed: `none`, HMAC, another key's |
 * | `ERR_TOKEN_UNKNOWN_KEY` | its `kid` names no key in force |
 * | `ERR_TOKEN_NO_KEYS` | the keys could not be fetched yet |
 * | `ERR_TOKEN_SIGNATURE` | the signature is of no key in force |
 * | `ERR_TOKEN_EXPIRED` | `exp` has passed |
 * | `ERR_TOKEN_EXP_MISSING` | there is no `exp`, and there must be one |
 * | `ERR_TOKEN_EXP_TOO_FAR` | `exp` is further away than `auth.max_ttl`, or beyond the year 2200 |
 * | `ERR_TOKEN_NOT_YET_VALID` | `nbf` is still to come |
 * | `ERR_TOKEN_ISSUED_IN_FUTURE` | `iat` is still to come |
 * | `ERR_TOKEN_ISSUER`, `ERR_TOKEN_AUDIENCE`, `ERR_TOKEN_SUBJECT` | `iss`, `aud` or `sub` is missing or another |
 * | `ERR_TOKEN_JTI` | `jti` is missing or empty |
 * | `ERR_TOKEN_UID` | `uid` is missing, empty or no string |
 * | `ERR_TOKEN_REVOKED` | its `jti` or `uid` is in the file of `auth.revoked` |
 * | `ERR_TOKEN_TOO_MANY_FAILURES` | not looked at: too many tokens of this client did not verify |
 */
export const TOKEN_ERROR_CODES = [
  "ERR_TOKEN_MALFORMED",
  "ERR_TOKEN_ALGORITHM",
  "ERR_TOKEN_UNKNOWN_KEY",
  "ERR_TOKEN_NO_KEYS",
  "ERR_TOKEN_SIGNATURE",
  "ERR_TOKEN_EXPIRED",
  "ERR_TOKEN_EXP_MISSING",
  "ERR_TOKEN_EXP_TOO_FAR",
  "ERR_TOKEN_NOT_YET_VALID",
  "ERR_TOKEN_ISSUED_IN_FUTURE",
  "ERR_TOKEN_ISSUER",
  "ERR_TOKEN_AUDIENCE",
  "ERR_TOKEN_SUBJECT",
  "ERR_TOKEN_JTI",
  "ERR_TOKEN_UID",
  "ERR_TOKEN_REVOKED",
  "ERR_TOKEN_TOO_MANY_FAILURES",
] as const;

export type TokenErrorCode = (typeof TOKEN_ERROR_CODES)[number];

/**
 * A token that does not verify. Neither the message nor the cause carries the token or its claims,
 * so that an error may be logged as it is.
 *
 * @example
 * ```ts
 * import { TokenVerifier } from "./verifier.ts";
 * declare const verifier: TokenVerifier;
 * try {
 *   await verifier.verify("eyJhbGciOi…");
 * } catch (error) {
 *   if (!(error instanceof TokenError)) throw error;
 *   console.log(error.code); // "malformed"
 * }
 * ```
 */
export class TokenError extends Error {
  override readonly name = "TokenError";
  /** Stable; callers switch on this, not on the text. */
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The word that a result of verification is counted by: `accepted`, or the code's own words,
 * `expired`, `unknown_key`; `error` for failures that the token did not cause.
 *
 * @param error undefined for a token that verified
 *
 * @example
 * ```ts
 * resultOf(new TokenError("ERR_TOKEN_EXPIRED", "the token has expired")); // "expired"
 * ```
 */
export function resultOf(error?: unknown): string {
  if (error === undefined) return "accepted";
  return error instanceof TokenError
    ? error.code.slice("ERR_TOKEN_".length).toLowerCase()
    : "error";
}

/** Every word that {@linkcode resultOf} returns. */
export const RESULTS: readonly string[] = [
  resultOf(),
  ...TOKEN_ERROR_CODES.map((code) => resultOf(new TokenError(code, ""))),
  resultOf(new Error()),
];

/** Codes of tokens whose signature is good, so that their holder may know what is wrong with them. */
const OF_THE_HOLDER: ReadonlySet<TokenErrorCode> = new Set([
  "ERR_TOKEN_EXPIRED",
  "ERR_TOKEN_EXP_MISSING",
  "ERR_TOKEN_EXP_TOO_FAR",
  "ERR_TOKEN_NOT_YET_VALID",
  "ERR_TOKEN_ISSUED_IN_FUTURE",
  "ERR_TOKEN_ISSUER",
  "ERR_TOKEN_AUDIENCE",
  "ERR_TOKEN_SUBJECT",
  "ERR_TOKEN_JTI",
  "ERR_TOKEN_UID",
]);

/**
 * Why a token was refused, as its client may see it: what is wrong with the claims of a token that
 * this server's keys have signed, and nothing about any other.
 *
 * @example
 * ```ts
 * publicReason(new TokenError("ERR_TOKEN_EXPIRED", "the token has expired")); // "the token has expired"
 * publicReason(new TokenError("ERR_TOKEN_REVOKED", "…")); // "the token does not verify"
 * ```
 */
export function publicReason(error: unknown): string {
  return error instanceof TokenError && OF_THE_HOLDER.has(error.code)
    ? error.message
    : "the token does not verify";
}
