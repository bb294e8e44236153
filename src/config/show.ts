import { createHash } from "node:crypto";
import { parseAmqpUrl, showAmqpUrl } from "./amqp_url.ts";

/**
 * A broker's URL as people may see it: the password is `***`.
 *
 * @example
 * ```ts
 * showBroker("amqp://ann:secret@mq/"); // "amqp://ann:***@mq:5672/"
 * ```
 */
export function showBroker(url: string): string {
  const address = parseAmqpUrl(url);
  return typeof address === "string" ? "***" : showAmqpUrl(address);
}

/**
 * A web address as people may see it: its query may hold a secret.
 *
 * @example
 * ```ts
 * showWebAddress("https://auth.example.com/jwks?key=secret"); // "https://auth.example.com/jwks?…"
 * ```
 */
export function showWebAddress(url: string): string {
  return url.replace(/[?#].*$/s, "?…");
}

/**
 * What kind of text a public key is given as: a path, PEM text, base64. A text that may be a private
 * key is neither shown nor hashed.
 */
export function showKey(text: string): string {
  if (text === "") return "(none)";
  const pem = text.startsWith("LS0tLS") ? fromBase64(text) : text;
  if (pem.includes("PRIVATE KEY")) return "a private key, hidden: this must be the public one";
  if (pem.includes("-----BEGIN ")) {
    const how = pem === text ? "PEM text" : "base64 of PEM text";
    return `${how}, sha256 ${createHash("sha256").update(pem.trim()).digest("hex").slice(0, 16)}…`;
  }
  return isPath(text) ? text : `text of ${text.length} characters, hidden`;
}

/** A value as an error may quote it: short, in quotes, on one line. */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "a list" : "a table";
  }
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isPath(text: string): boolean {
  if (text.length > 255 || /\s*\n/.test(text)) return false;
  if (/\.(pem|pub|key|crt)$/i.test(text)) return true;
  try {
    return Deno.statSync(text).isFile;
  } catch {
    return false;
  }
}

function fromBase64(text: string): string {
  try {
    return atob(text.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return text;
  }
}
