import { createHash, type KeyObject } from "node:crypto";
import { type CryptoKey, importSPKI } from "jose";
import type { Algorithm, KeyFamily } from "./algorithms.ts";
import { kindOf } from "./kinds.ts";

/** A public key that tokens are verified with. */
export interface VerificationKey {
  readonly key: CryptoKey;
  /** Its name in a JSON Web Key Set (RFC 7517 §4.5); PEM has none. */
  readonly kid: string | undefined;
  readonly family: KeyFamily;
  /** The one algorithm that tokens must be signed with, by any of its names (`namesOf`). */
  readonly algorithm: Algorithm;
  /** For people: `RSA 2048`, `Ed25519`, `P-256`. */
  readonly kind: string;
  /** `sha256:` and the hexadecimal digest of the key's SPKI DER. */
  readonly fingerprint: string;
}

/** A key that is what it should be, ready for use. */
export async function importKey(
  object: KeyObject,
  family: KeyFamily,
  algorithm: Algorithm,
  kid: string | undefined,
): Promise<VerificationKey> {
  const spki = object.export({ type: "spki", format: "pem" }).toString();
  return {
    key: await importSPKI(spki, algorithm),
    kid,
    family,
    algorithm,
    kind: kindOf(object),
    fingerprint: fingerprintOf(object),
  };
}

/**
 * @param key public
 * @returns `sha256:` and the hexadecimal digest that
 *   `openssl pkey -pubin -in KEY -outform der | sha256sum` prints
 */
export function fingerprintOf(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(der).digest("hex")}`;
}
