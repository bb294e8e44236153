/**
 * Ed25519 keys as Rango and its tools write them: a PEM block of the usual label whose content is
 * not DER but the bare key, 32 bytes (openware/pkg, jwt/key_store_eddsa.go).
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** Bytes of a public key, and of a private key's seed (RFC 8032 §5.1.5). */
const RAW_BYTES = 32;

/** Bytes of the same keys in DER, the shortest of all that Ranger takes: anything shorter is raw. */
const SPKI_BYTES = 44;
const PKCS8_BYTES = 48;

/** What DER has before the raw bytes (RFC 8410 §4, §7). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** Whether the content of a PEM block has the length of a raw key. */
export function isRawEd25519(content: Uint8Array): boolean {
  return content.length === RAW_BYTES;
}

/**
 * @param content of a block `PUBLIC KEY`, 32 bytes
 *
 * @example
 * ```ts
 * rawPublicKey(Buffer.from("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "base64"));
 * ```
 */
export function rawPublicKey(content: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_HEAD, content]),
    format: "der",
    type: "spki",
  });
}

/** @param seed the content of a block `PRIVATE KEY`, 32 bytes */
export function rawPrivateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
}

/**
 * What is wrong with a block that is too short for DER and is not a raw key either.
 *
 * @param label `PUBLIC KEY` or `PRIVATE KEY`
 * @returns text that follows `the file jwt.pub holds `, or undefined where that is not the reason
 *
 * @example
 * ```ts
 * wrongLength("PUBLIC KEY", new Uint8Array(31)); // "a PUBLIC KEY block of 31 bytes; …"
 * ```
 */
export function wrongLength(label: string, content: Uint8Array): string | undefined {
  const least = { "PUBLIC KEY": SPKI_BYTES, "PRIVATE KEY": PKCS8_BYTES }[label];
  if (least === undefined || content.length >= least || isRawEd25519(content)) return undefined;
  const what = label === "PUBLIC KEY" ? "public key" : "private key's seed";
  return `a ${label} block of ${content.length} bytes; a raw Ed25519 ${what}, as Rango writes it, ` +
    `has ${RAW_BYTES}, and the same key in DER ${least}`;
}
