import { generateKeyPair as generate, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { kindOf } from "./kinds.ts";
import { fingerprintOf } from "./verification_key.ts";

/** What a pair may be made of. */
export const PAIR_TYPES = ["rsa", "ed25519", "p256"] as const;
export type PairType = typeof PAIR_TYPES[number];

/** A new pair, as PEM text. */
export interface KeyPair {
  /** PKCS#8; signs tokens, and is never Ranger's. */
  readonly privateKey: string;
  /** SPKI; what `auth.public_key` takes. */
  readonly publicKey: string;
  /** `RSA 2048`, `Ed25519`, `P-256` */
  readonly kind: string;
  /** Of the public key, as `loadVerificationKeys` gives it. */
  readonly fingerprint: string;
}

/**
 * Makes a pair of keys for tokens.
 *
 * @param type what the keys are
 * @param bits of an RSA key, 2048 or more
 *
 * @example
 * ```ts
 * const { privateKey, publicKey } = await generateKeyPair("ed25519");
 * ```
 */
export async function generateKeyPair(type: PairType, bits = 2048): Promise<KeyPair> {
  const { privateKey, publicKey } = await make(type, bits);
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    kind: kindOf(publicKey),
    fingerprint: fingerprintOf(publicKey),
  };
}

function make(
  type: PairType,
  bits: number,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  switch (type) {
    case "rsa":
      return promisify(generate)("rsa", { modulusLength: bits });
    case "ed25519":
      return promisify(generate)("ed25519", {});
    case "p256":
      return promisify(generate)("ec", { namedCurve: "prime256v1" });
  }
}
