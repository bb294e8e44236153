import type { KeyObject } from "node:crypto";
import { ConfigurationError } from "../errors.ts";
import type { KeyFamily } from "./algorithms.ts";

const RSA_MINIMUM_BITS = 2048;

/** As people and RFC 7518 call them; OpenSSL has older names for some. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

const OTHER_KINDS: Readonly<Record<string, string>> = {
  "dsa": "DSA",
  "dh": "Diffie-Hellman",
  "rsa-pss": "RSA-PSS",
  "ed25519": "Ed25519",
  "ed448": "Ed448",
  "x25519": "X25519",
  "x448": "X448",
};

/** @returns what people call this kind of key: `RSA 2048`, `Ed25519`, `P-256`, `X25519`, … */
export function kindOf(key: KeyObject): string {
  const type = key.asymmetricKeyType ?? "unknown";
  const details = key.asymmetricKeyDetails;
  if (type === "rsa") return `RSA ${details?.modulusLength ?? "?"}`;
  if (type === "ec") {
    const curve = details?.namedCurve ?? "unknown curve";
    return CURVES[curve] ?? curve;
  }
  return OTHER_KINDS[type] ?? type;
}

/**
 * The family of a key that may sign tokens.
 *
 * @param key public or private
 * @param where begins the message: `auth.public_key: the file /etc/ranger/jwt.pub`
 * @throws {ConfigurationError} another kind of key, or an RSA key that is too short
 */
export function familyOf(key: KeyObject, where: string): KeyFamily {
  const kind = kindOf(key);
  if (kind === "Ed25519" || kind === "P-256") return kind;
  if (key.asymmetricKeyType !== "rsa") {
    throw new ConfigurationError(
      `${where} holds a key of the kind ${kind}; Ranger takes RSA, Ed25519 and P-256`,
    );
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_MINIMUM_BITS) {
    throw new ConfigurationError(
      `${where} holds an ${kind} key; RSA keys need at least ${RSA_MINIMUM_BITS} bits`,
    );
  }
  return "RSA";
}
