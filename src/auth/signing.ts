import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import { type CryptoKey, importPKCS8, SignJWT } from "jose";
import { ConfigurationError } from "../errors.ts";
import { type Algorithm, chooseAlgorithm } from "./algorithms.ts";
import { readKeyText } from "./key_text.ts";
import { familyOf } from "./kinds.ts";
import { isRawEd25519, rawPrivateKey, wrongLength } from "./raw_ed25519.ts";

/** A private key, for tokens of tests and demonstrations; the daemon itself never has one. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly algorithm: Algorithm;
}

/** What a token says. */
export interface TokenClaims {
  readonly uid: string;
  /** Seconds from now until it expires. */
  readonly ttl: number;
  readonly role?: string | undefined;
  /** @default "session" */
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: readonly string[] | undefined;
  /** More claims, such as `email`, `level` and `state`. */
  readonly more?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Loads the key that tokens are signed with.
 *
 * @param text a PEM file's path, PEM text, or base64 of a PEM: a private key (PKCS#8, PKCS#1, SEC1,
 *   or the 32 raw bytes of an Ed25519 seed as Rango's tools write them), not encrypted
 * @param setting what to call it in messages: `--key`
 * @throws {ConfigurationError} it cannot be read, is a public key, encrypted, or of another kind
 */
export async function loadSigningKey(text: string, setting: string): Promise<SigningKey> {
  const { text: pem, origin } = await readKeyText(text, setting);
  const [, label, body = ""] = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----([^-]*)/.exec(pem) ?? [];
  if (label === undefined) {
    throw new ConfigurationError(
      `${setting}: ${origin} holds no private key; tokens are signed with the .key file of ` +
        "`ranger keygen`, and verified with the .pub file",
    );
  }
  if (label.startsWith("ENCRYPTED") || /^Proc-Type:.*ENCRYPTED/m.test(pem)) {
    throw new ConfigurationError(
      `${setting}: ${origin} is encrypted; \`openssl pkey -in FILE\` writes it without a password`,
    );
  }
  const object = parse({ pem, label, body }, `${setting}: ${origin} holds`);
  const algorithm = chooseAlgorithm(familyOf(object, `${setting}: ${origin}`), "");
  const pkcs8 = object.export({ type: "pkcs8", format: "pem" }).toString();
  return { key: await importPKCS8(pkcs8, algorithm), algorithm };
}

/** The first private key of a text, and the whole text. */
interface PrivateBlock {
  readonly pem: string;
  readonly label: string;
  /** Base64. */
  readonly body: string;
}

function parse({ pem, label, body }: PrivateBlock, where: string): KeyObject {
  const content = Buffer.from(body, "base64");
  try {
    return label === "PRIVATE KEY" && isRawEd25519(content)
      ? rawPrivateKey(content)
      : createPrivateKey(pem);
  } catch {
    throw new ConfigurationError(
      `${where} ${
        wrongLength(label, content) ??
          `a ${label} that is damaged or of an unknown kind; give an RSA, Ed25519 or P-256 key as PEM`
      }`,
    );
  }
}

/**
 * Signs a token as Barong's look: `iat`, `exp`, `jti`, `sub`, `uid` and what else is given.
 *
 * @returns the JWT in its compact form, without `Bearer`
 *
 * @example
 * ```ts
 * const key = await loadSigningKey("jwt.key", "--key");
 * const token = await signToken(key, { uid: "ID123", ttl: 3600, role: "admin" });
 * ```
 */
export function signToken({ key, algorithm }: SigningKey, claims: TokenClaims): Promise<string> {
  const { uid, role, ttl, subject = "session", issuer, audience, more } = claims;
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ ...more, uid, ...(role === undefined ? {} : { role }) })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setIssuedAt(now)
    .setExpirationTime(now + ttl)
    .setJti(randomUUID());
  if (subject !== "") token.setSubject(subject);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience([...audience]);
  return token.sign(key);
}
