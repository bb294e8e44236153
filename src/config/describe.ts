import { createHash } from "node:crypto";
import { type SettingKey, SETTINGS } from "./settings.ts";
import { parseAmqpUrl, showAmqpUrl } from "./amqp_url.ts";

/**
 * How a setting's value is shown to a person: never a secret, and a key by its kind only.
 *
 * @param key `amqp.url`, `rbac.admin`
 * @param value checked
 * @returns one short line
 * @example
 * ```ts
 * describe("amqp.url", "amqp://ann:secret@mq/"); // "amqp://ann:***@mq:5672/"
 * ```
 */
export function describe(key: string, value: unknown): string {
  if (key === "amqp.password") return "***";
  if (key === "amqp.url") return showUrl(value);
  if (key === "amqp.urls" && Array.isArray(value) && value.length > 0) {
    return value.map(showUrl).join(", ");
  }
  if (key === "auth.public_key") return describeKey(String(value));
  if (key === "auth.jwks_url") return shownUrl(String(value)) || "(none)";
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  if (text !== "") return text;
  return `(${SETTINGS[key as SettingKey]?.defaultText ?? "none"})`;
}

/**
 * What people are shown of a web address: its query may hold a secret.
 *
 * @example
 * ```ts
 * shownUrl("https://auth.example.com/jwks?key=secret"); // "https://auth.example.com/jwks?…"
 * ```
 */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, "?…");
}

/** A value as an error may quote it: short, in quotes, on one line. */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "a list" : "a table";
  }
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function showUrl(value: unknown): string {
  const address = parseAmqpUrl(String(value));
  return typeof address === "string" ? "***" : showAmqpUrl(address);
}

/** What kind of key text it is. What may be a private key is neither shown nor summed up. */
function describeKey(text: string): string {
  if (text === "") return "(none)";
  const pem = text.startsWith("LS0tLS") ? fromBase64(text) : text;
  if (pem.includes("PRIVATE KEY")) return "a private key, hidden: this must be the public one";
  if (pem.includes("-----BEGIN ")) {
    const how = pem === text ? "PEM text" : "base64 of PEM text";
    return `${how}, sha256 ${createHash("sha256").update(pem.trim()).digest("hex").slice(0, 16)}…`;
  }
  return isPath(text) ? text : `text of ${text.length} characters, hidden`;
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
