import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { ConfigurationError } from "../errors.ts";
import { labelOfDer } from "./der.ts";

/** Key text as PEM or JSON, whatever it was given as. */
export interface KeyText {
  /** Holds at least one `-----BEGIN`, lines ending in a newline; or begins with a brace. */
  readonly text: string;
  /** For messages: `the file /etc/ranger/jwt.pub` or `its value`. Never the text itself. */
  readonly origin: string;
  /** The file, where it came from one. */
  readonly file: string | undefined;
}

/**
 * Finds out what a key setting holds: PEM text (also with its line breaks written as `\n`, as
 * people do in environment files), JSON, base64 or base64url of a PEM, of JSON or of the bare
 * DER, or the path of a file that holds one of these.
 *
 * @param given the setting
 * @param setting its name, for the messages
 * @throws {ConfigurationError} it is none of these; the message never repeats what may be a key
 *
 * @example
 * ```ts
 * const { text } = await readKeyText("/etc/ranger/jwt.pub", "auth.public_key");
 * const same = await readKeyText("LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K…", "auth.public_key");
 * ```
 */
export async function readKeyText(given: string, setting: string): Promise<KeyText> {
  const value = unquote(given);
  const text = decode(value);
  if (text !== undefined) return { text, origin: "its value", file: undefined };

  const origin = `the file ${value}`;
  const bytes = await readBytes(value, setting);
  const inFile = decode(bytes);
  if (inFile !== undefined) return { text: inFile, origin, file: value };
  throw new ConfigurationError(`${setting}: ${origin} ${complaint(bytes)}`);
}

/** White space around it goes, and the quotes that some env-file readers leave. */
function unquote(text: string): string {
  const trimmed = text.trim();
  return /^(["'])[^]*\1$/.test(trimmed) ? trimmed.slice(1, -1).trim() : trimmed;
}

function decode(content: string | Uint8Array): string | undefined {
  if (typeof content !== "string") {
    return pemOfDer(content) ?? decode(new TextDecoder().decode(content).trim());
  }
  if (content.includes("-----BEGIN")) return content.replaceAll(/(\\r)?\\n|\r\n?/g, "\n");
  if (content.startsWith("{")) return content;
  const bytes = fromBase64(content);
  if (bytes === undefined) return undefined;
  const inner = new TextDecoder().decode(bytes).trim();
  return inner.includes("-----BEGIN") || isJson(inner) ? decode(inner) : pemOfDer(bytes);
}

/** A file's name may be base64 of something that begins with a brace. */
function isJson(text: string): boolean {
  try {
    return text.startsWith("{") && JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

function pemOfDer(der: Uint8Array): string | undefined {
  const label = labelOfDer(der);
  if (label === undefined) return undefined;
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** Either alphabet, padded or not, wrapped as `base64` wraps it; undefined when it is not that. */
function fromBase64(text: string): Uint8Array | undefined {
  const packed = text.replaceAll(/(\\r)?\\n|\s/g, "");
  return /^[\w+/-]+={0,2}$/.test(packed) ? Buffer.from(packed, "base64") : undefined;
}

async function readBytes(path: string, setting: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    // Not only ENOENT: a mangled key may be a name that is too long or runs into a file.
    if (code === "EACCES" || code === "EPERM") {
      throw new ConfigurationError(
        `${setting}: the file ${path} may not be read by the user that Ranger runs as`,
      );
    }
    if (code === "EISDIR") {
      throw new ConfigurationError(`${setting}: ${path} is a directory, not a PEM file`);
    }
    throw new ConfigurationError(
      looksLikePath(path)
        ? `${setting}: there is no file ${path}; give the path of a PEM file, PEM text, ` +
          "or base64 of a PEM"
        : `${setting}: its value is not PEM text, not base64 of a PEM, and not the name of a file ` +
          "(the value is not shown, as it may be a key)",
    );
  }
}

/** Whether repeating the text in a message can hardly repeat a key. */
function looksLikePath(text: string): boolean {
  if (!/^[\w.~/@+: -]{1,255}$/.test(text)) return false;
  return text.length < 40 || /^\.{0,2}\//.test(text) || /\.\w{1,8}$/.test(text);
}

function complaint(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") return "is empty";
  if (/^(ssh-|ecdsa-sha2-)/.test(text)) {
    return "holds a public key in OpenSSH's own format; `ssh-keygen -e -m PKCS8 -f FILE` " +
      "writes it as PEM";
  }
  if (/^PuTTY-User-Key-File/.test(text)) {
    return "holds a PuTTY private key, which must never be given to Ranger";
  }
  return "holds no PEM (a block from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----)";
}
