import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { ConfigurationError } from "../errors.ts";
import { chooseAlgorithm, isSameAlgorithm } from "./algorithms.ts";
import { familyOf } from "./kinds.ts";
import { importKey, type VerificationKey } from "./verification_key.ts";

/** Maximum number of keys in a set; a longer list is not a key set for tokens. */
const MOST_KEYS = 100;

/** What a set holds. */
export interface JwksKeys {
  readonly keys: readonly VerificationKey[];
  /** Keys that Ranger cannot or must not use, a sentence each; never with the key itself. */
  readonly refused: readonly string[];
}

/**
 * Reads a JSON Web Key Set (RFC 7517 §5), or a single JSON Web Key. Keys that are not for
 * signatures (`use`, `key_ops`) are passed over, as that section says.
 *
 * @param value parsed JSON
 * @param wanted the setting `auth.algorithm`; empty: the key's `alg`, or the one that fits the key
 * @throws {ConfigurationError} it is neither
 *
 * @example
 * ```ts
 * const text = await Deno.readTextFile("jwks.json");
 * const { keys, refused } = await readJwks(JSON.parse(text), "");
 * ```
 */
export async function readJwks(value: unknown, wanted: string): Promise<JwksKeys> {
  const all = isObject(value) && "keys" in value ? value.keys : [value];
  if (!Array.isArray(all) || !all.every((jwk) => isObject(jwk) && typeof jwk.kty === "string")) {
    throw new ConfigurationError("it is not a JSON Web Key Set");
  }
  if (all.length > MOST_KEYS) {
    throw new ConfigurationError(`it holds ${all.length} keys; Ranger takes ${MOST_KEYS}`);
  }
  const keys: VerificationKey[] = [];
  const refused: string[] = [];
  for (const jwk of all as Record<string, unknown>[]) {
    if (!isForSignatures(jwk)) continue;
    const kid = typeof jwk.kid === "string" ? jwk.kid : undefined;
    const where = kid === undefined ? "a key without kid" : `the key ${JSON.stringify(kid)}`;
    try {
      keys.push(await readJwk(jwk, kid, where, wanted));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      refused.push(error.message);
    }
  }
  return { keys, refused };
}

/** RFC 7517 §4.2, §4.3. */
function isForSignatures({ use, key_ops: operations }: Record<string, unknown>): boolean {
  if (use !== undefined && use !== "sig") return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
}

async function readJwk(
  jwk: Record<string, unknown>,
  kid: string | undefined,
  where: string,
  wanted: string,
): Promise<VerificationKey> {
  // RFC 7518 §6: d is the private part of all that Ranger takes, k a secret that both sides have.
  if ("d" in jwk || "k" in jwk) {
    throw new ConfigurationError(
      `${where} is ${"d" in jwk ? "a private key" : "a shared secret"}, which must never be ` +
        "given to Ranger or published",
    );
  }
  const object = toKeyObject(jwk, where);
  const family = familyOf(object, where);
  const declared = typeof jwk.alg === "string" ? jwk.alg : "";
  if (declared !== "" && wanted !== "" && !isSameAlgorithm(declared, wanted)) {
    throw new ConfigurationError(`${where} is for ${declared}, and auth.algorithm is ${wanted}`);
  }
  const algorithm = chooseAlgorithm(
    family,
    wanted || declared,
    wanted === "" ? `the alg of ${where}` : "auth.algorithm",
  );
  return await importKey(object, family, algorithm, kid);
}

function toKeyObject(jwk: Record<string, unknown>, where: string): KeyObject {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    throw new ConfigurationError(
      `${where} is damaged or of an unknown kind; Ranger takes RSA, Ed25519 and P-256`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
