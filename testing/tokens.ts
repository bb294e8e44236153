import {
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";

/** A key pair of a test's own, and tokens signed with it. */
export interface TestKey {
  readonly algorithm: "EdDSA" | "RS256" | "ES256";
  /** PEM texts. */
  readonly publicPem: string;
  readonly privatePem: string;
  /** What deployments have in JWT_PUBLIC_KEY: the PEM in base64url. */
  readonly publicBase64url: string;
  /** The public key as a member of a JSON Web Key Set. */
  jwk(members?: Partial<JWK>): Promise<JWK>;
  /**
   * A token as the exchange's authentication service makes it: `sub` session, `iat` now, `exp` in
   * an hour, a random `jti`, `role` member.
   *
   * @param claims replace these; a claim that is undefined is left out. `uid` is what matters
   * @param header replaces `alg` or adds to it
   */
  token(
    claims?: Readonly<Record<string, unknown>>,
    header?: Partial<JWTHeaderParameters>,
  ): Promise<string>;
}

/**
 * Makes a key pair; Ed25519 unless told otherwise, because it is quick to make.
 *
 * @example
 * ```ts
 * import { startRanger } from "./ranger.ts";
 * const key = await makeKey();
 * const token = await key.token({ uid: "ID123" });
 * await startRanger({ args: ["--jwt-public-key", key.publicBase64url] });
 * ```
 */
export async function makeKey(algorithm: TestKey["algorithm"] = "EdDSA"): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicPem = await exportSPKI(publicKey);
  return {
    algorithm,
    publicPem,
    privatePem: await exportPKCS8(privateKey),
    publicBase64url: new TextEncoder().encode(publicPem).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    }),
    jwk: async (members = {}) => ({ ...await exportJWK(publicKey), ...members }),
    token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = {
        uid: "ID0000000001",
        role: "member",
        sub: "session",
        iat: now,
        exp: now + 3600,
        jti: crypto.randomUUID(),
        ...claims,
      };
      const present = Object.entries(all).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(present))
        .setProtectedHeader({ alg: algorithm, ...header })
        .sign(privateKey);
    },
  };
}
