import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { ConfigurationError } from "../errors.ts";
import { chooseAlgorithm } from "./algorithms.ts";
import { readJwks } from "./jwk.ts";
import { MOST_TRIED } from "./key_set.ts";
import { type KeyText, readKeyText } from "./key_text.ts";
import { familyOf } from "./kinds.ts";
import { isRawEd25519, rawPublicKey, wrongLength } from "./raw_ed25519.ts";
import { importKey, type VerificationKey } from "./verification_key.ts";

/** How to load keys, and what to call them. */
export interface KeyOptions {
  /** The setting's name in messages. @default "auth.public_key" */
  readonly setting?: string;
  /** The setting `auth.algorithm`. @default "" the one that fits the key */
  readonly algorithm?: string;
}

/**
 * Loads the keys that tokens are verified with: one, or several while keys change.
 *
 * @param given a file's path, text, or base64/base64url of text (or of a bare DER). The text is
 *   PEM: public keys (SPKI, PKCS#1 for RSA, or the 32 raw bytes of Ed25519 as Rango writes them),
 *   or an X.509 certificate with or without its chain; or JSON: a JSON Web Key Set, or one JSON Web
 *   Key. RSA of 2048 bits or more, Ed25519 or P-256
 * @throws {ConfigurationError} it cannot be read, holds a private key, or a kind that Ranger does
 *   not take; the message never repeats a key
 *
 * @example
 * ```ts
 * for (const { kind, algorithm } of await loadVerificationKeys("/etc/ranger/jwt.pub")) {
 *   console.log(kind, algorithm); // RSA 2048 RS256
 * }
 * ```
 */
export async function loadVerificationKeys(
  given: string,
  { setting = "auth.public_key", algorithm = "" }: KeyOptions = {},
): Promise<readonly VerificationKey[]> {
  if (given.trim() === "") {
    throw new ConfigurationError(
      `${setting} is empty: give the public key that tokens are verified with (a PEM file, PEM ` +
        "text, or base64 of a PEM); `ranger keygen` makes a pair",
    );
  }
  const source = await readKeyText(given, setting);
  const keys = source.text.startsWith("{")
    ? await fromJson(source, setting, algorithm)
    : await fromPem(source, setting, algorithm);
  const different = new Map(keys.map((key) => [`${key.kid} ${key.fingerprint}`, key]));
  return [...different.values()];
}

async function fromPem(
  source: KeyText,
  setting: string,
  wanted: string,
): Promise<VerificationKey[]> {
  refusePrivate(source, setting);
  const objects = toKeyObjects(source, setting);
  if (objects.length > MOST_TRIED) {
    throw new ConfigurationError(
      `${setting}: ${source.origin} holds ${objects.length} keys, and a token is tried with ` +
        `${MOST_TRIED} at most; give those in use, or a JSON Web Key Set and tokens with a kid`,
    );
  }
  return await Promise.all(objects.map((object) => {
    const family = familyOf(object, `${setting}: ${source.origin}`);
    return importKey(object, family, chooseAlgorithm(family, wanted), undefined);
  }));
}

async function fromJson(
  { text, origin }: KeyText,
  setting: string,
  wanted: string,
): Promise<readonly VerificationKey[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigurationError(
      `${setting}: ${origin} begins as JSON and is none; give a JSON Web Key Set or PEM`,
    );
  }
  const { keys, refused } = await readJwks(value, wanted).catch((error) => {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(`${setting}: ${origin}: ${error.message}`);
  });
  if (refused.length > 0) {
    throw new ConfigurationError(`${setting}: ${origin}: ${refused.join("; ")}`);
  }
  if (keys.length === 0) {
    throw new ConfigurationError(`${setting}: ${origin} holds no key for signatures`);
  }
  return keys;
}

function refusePrivate({ text: pem, origin, file }: KeyText, setting: string): void {
  // Looked for before anything is parsed, so that a damaged private key is named as well.
  const [, label, body = ""] = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)(?:-----([^-]+))?/.exec(pem) ??
    [];
  if (label === undefined) return;
  const path = file ?? "PRIVATE_KEY_FILE";
  const convert = isRawEd25519(Buffer.from(body, "base64"))
    ? "or the one that Rango's tools wrote"
    : label === "OPENSSH PRIVATE KEY"
    ? `or run \`ssh-keygen -e -m PKCS8 -f ${path}\``
    : `or run \`openssl pkey -in ${path} -pubout\``;
  throw new ConfigurationError(
    `${setting}: ${origin} holds a private key (${label}). It signs tokens and must never be ` +
      "given to Ranger, which needs only the public one: take the .pub file that `ranger keygen` " +
      `wrote, ${convert}`,
  );
}

function toKeyObjects({ text: pem, origin }: KeyText, setting: string): KeyObject[] {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g)];
  const begun = [...pem.matchAll(/-----BEGIN /g)].length;
  if (blocks.length === 0 || blocks.length < begun) {
    throw new ConfigurationError(
      `${setting}: ${origin} is cut off or damaged: it begins a PEM block that has no fitting end`,
    );
  }
  const keys = blocks.filter(([, label]) => label !== "CERTIFICATE");
  // A certificate's file may hold its chain, the certificate itself first.
  return (keys.length > 0 ? keys : blocks.slice(0, 1)).map(([, label = "", body = ""]) =>
    toKeyObject(label, body, `${setting}: ${origin}`)
  );
}

function toKeyObject(label: string, body: string, where: string): KeyObject {
  const parse = PARSERS[label];
  if (parse === undefined) {
    throw new ConfigurationError(
      `${where} holds a PEM block of the kind ${label}; give a PUBLIC KEY`,
    );
  }
  const content = Buffer.from(body, "base64");
  try {
    return parse(content);
  } catch {
    const length = wrongLength(label, content);
    if (length !== undefined) throw new ConfigurationError(`${where} holds ${length}`);
    throw new ConfigurationError(
      `${where} holds a ${label} block that is damaged or of an unknown kind; ` +
        "give an RSA, Ed25519 or P-256 public key",
    );
  }
}

const PARSERS: Readonly<Record<string, (content: Buffer) => KeyObject>> = {
  "PUBLIC KEY": (key) =>
    isRawEd25519(key) ? rawPublicKey(key) : createPublicKey({ key, format: "der", type: "spki" }),
  "RSA PUBLIC KEY": (key) => createPublicKey({ key, format: "der", type: "pkcs1" }),
  "CERTIFICATE": (der) => new X509Certificate(der).publicKey,
};
