import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { type CryptoKey, importSPKI } from "jose";
import { ConfigurationError } from "../errors.ts";
import { type Algorithm, chooseAlgorithm, type KeyFamily } from "./algorithms.ts";
import { familyOf, kindOf } from "./kinds.ts";
import { type KeyText, readKeyText } from "./key_text.ts";

/** A public key that tokens are verified with. */
export interface VerificationKey {
  readonly key: CryptoKey;
  readonly family: KeyFamily;
  /** The one algorithm that tokens must be signed with. */
  readonly algorithm: Algorithm;
  /** For people: `RSA 2048`, `Ed25519`, `P-256`. */
  readonly kind: string;
  /** `sha256:` and the hexadecimal digest of the key's SPKI DER. */
  readonly fingerprint: string;
}

/** How to load a key, and what to call it. */
export interface KeyOptions {
  /** The setting's name in messages. @default "auth.public_key" */
  readonly setting?: string;
  /** The setting `auth.algorithm`. @default "" the one that fits the key */
  readonly algorithm?: string;
}

/**
 * Loads the key that tokens are verified with.
 *
 * @param text a PEM file's path, PEM text, or base64/base64url of a PEM (or of the bare DER):
 *   a public key (SPKI, or PKCS#1 for RSA) or an X.509 certificate; RSA of 2048 bits or more,
 *   Ed25519 or P-256
 * @throws {ConfigurationError} it cannot be read, is a private key, or is a kind that Ranger does
 *   not take; the message never repeats a key
 *
 * @example
 * ```ts
 * const { kind, algorithm } = await loadVerificationKey("/etc/ranger/jwt.pub");
 * console.log(kind, algorithm); // RSA 2048 RS256
 * ```
 */
export async function loadVerificationKey(
  text: string,
  { setting = "auth.public_key", algorithm: wanted = "" }: KeyOptions = {},
): Promise<VerificationKey> {
  if (text.trim() === "") {
    throw new ConfigurationError(
      `${setting} is empty: give the public key that tokens are verified with (a PEM file, PEM ` +
        "text, or base64 of a PEM); `ranger keygen` makes a pair",
    );
  }
  const source = await readKeyText(text, setting);
  refusePrivate(source, setting);
  const object = toKeyObject(source, setting);
  const family = familyOf(object, `${setting}: ${source.origin}`);
  const algorithm = chooseAlgorithm(family, wanted);
  const spki = object.export({ type: "spki", format: "pem" }).toString();
  return {
    key: await importSPKI(spki, algorithm),
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

function refusePrivate({ pem, origin, file }: KeyText, setting: string): void {
  // Looked for before anything is parsed, so that a damaged private key is named as well.
  const label = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)/.exec(pem)?.[1];
  if (label === undefined) return;
  const path = file ?? "PRIVATE_KEY_FILE";
  const convert = label === "OPENSSH PRIVATE KEY"
    ? `ssh-keygen -e -m PKCS8 -f ${path}`
    : `openssl pkey -in ${path} -pubout`;
  throw new ConfigurationError(
    `${setting}: ${origin} holds a private key (${label}). It signs tokens and must never be ` +
      "given to Ranger, which needs only the public one: take the .pub file that `ranger keygen` " +
      `wrote, or run \`${convert}\``,
  );
}

function toKeyObject({ pem, origin }: KeyText, setting: string): KeyObject {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g)];
  const keys = blocks.filter(([, label]) => label !== "CERTIFICATE");
  // A certificate's file may hold its chain, the certificate itself first.
  const block = keys[0] ?? blocks[0];
  if (block === undefined) {
    throw new ConfigurationError(
      `${setting}: ${origin} is cut off or damaged: it begins a PEM block that has no fitting end`,
    );
  }
  if (keys.length > 1) {
    throw new ConfigurationError(`${setting}: ${origin} holds ${keys.length} keys; give one`);
  }
  const [, label = "", body = ""] = block;
  const der = Buffer.from(body, "base64");
  const parse = PARSERS[label];
  if (parse === undefined) {
    throw new ConfigurationError(
      `${setting}: ${origin} holds a PEM block of the kind ${label}; give a PUBLIC KEY`,
    );
  }
  try {
    return parse(der);
  } catch {
    throw new ConfigurationError(
      `${setting}: ${origin} holds a ${label} block that is damaged or of an unknown kind; ` +
        "give an RSA, Ed25519 or P-256 public key",
    );
  }
}

const PARSERS: Readonly<Record<string, (der: Buffer) => KeyObject>> = {
  "PUBLIC KEY": (key) => createPublicKey({ key, format: "der", type: "spki" }),
  "RSA PUBLIC KEY": (key) => createPublicKey({ key, format: "der", type: "pkcs1" }),
  "CERTIFICATE": (der) => new X509Certificate(der).publicKey,
};
