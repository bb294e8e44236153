import { ConfigurationError } from "../errors.ts";

/** A kind of key that verifies tokens. */
export type KeyFamily = "RSA" | "Ed25519" | "P-256";

/** The signature algorithms that fit each kind of key (RFC 7518, RFC 8037, RFC 9864); the default first. */
const FITTING = {
  "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "Ed25519": ["EdDSA", "Ed25519"],
  "P-256": ["ES256"],
} as const satisfies Record<KeyFamily, readonly string[]>;

/** The name of a signature algorithm that Ranger allows, as it stands in a token's header. */
export type Algorithm = typeof FITTING[KeyFamily][number];

/**
 * The names that tokens may call an algorithm by: `EdDSA` with an Ed25519 key and `Ed25519`
 * (RFC 9864) are the same signature.
 *
 * @example
 * ```ts
 * namesOf("EdDSA"); // ["EdDSA", "Ed25519"]
 * namesOf("RS256"); // ["RS256"]
 * ```
 */
export function namesOf(algorithm: string): readonly string[] {
  const same: readonly string[] = FITTING.Ed25519;
  return same.includes(algorithm) ? same : [algorithm];
}

/** Whether two names are of the same algorithm. */
export function isSameAlgorithm(one: string, other: string): boolean {
  return namesOf(one).includes(other);
}

/** Whether an `alg` is one that some key may have. */
export function isAllowed(algorithm: string): boolean {
  return Object.values(FITTING).some((names: readonly string[]) => names.includes(algorithm));
}

/**
 * The one algorithm that tokens of a key must be signed with.
 *
 * @param family the kind of the configured key
 * @param wanted the setting `auth.algorithm`; empty: the one that fits the key
 * @param setting what says so, for the message
 * @throws {ConfigurationError} `wanted` does not fit the key, is unknown, or is not a public-key signature
 *
 * @example
 * ```ts
 * chooseAlgorithm("RSA", ""); // "RS256"
 * chooseAlgorithm("RSA", "PS512"); // "PS512"
 * chooseAlgorithm("RSA", "HS256"); // throws
 * ```
 */
export function chooseAlgorithm(
  family: KeyFamily,
  wanted: string,
  setting = "auth.algorithm",
): Algorithm {
  const fitting: readonly Algorithm[] = FITTING[family];
  if (wanted === "") return FITTING[family][0];
  const found = fitting.find((algorithm) => algorithm === wanted);
  if (found !== undefined) return found;
  throw new ConfigurationError(
    `${setting} is ${JSON.stringify(wanted)}, ${misfit(family, wanted)}; ` +
      `for this key it may be ${fitting.join(", ")}, or left empty`,
  );
}

function misfit(family: KeyFamily, wanted: string): string {
  if (/^none$/i.test(wanted)) return "which would accept tokens that nobody signed";
  if (/^HS\d+$/i.test(wanted)) {
    return "an HMAC: with a public key as its secret, anybody could sign tokens";
  }
  return `which does not fit the configured key (${family})`;
}
