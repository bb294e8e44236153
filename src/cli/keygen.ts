import { Buffer } from "node:buffer";
import { chmod, lstat, rm, writeFile } from "node:fs/promises";
import { generateKeyPair, PAIR_TYPES, type PairType } from "../auth/key_pair.ts";
import { ConfigurationError } from "../errors.ts";
import { defineCommand } from "./command.ts";

const BITS = ["2048", "3072", "4096"];

/** `ranger keygen` */
export const keygen = defineCommand({
  name: "keygen",
  summary: "Makes a key pair for tokens",
  description:
    "Writes PREFIX.key, the private key that signs tokens (mode 0600; Ranger does not\n" +
    "need it), and PREFIX.pub, the public key that Ranger verifies them with. Standard output\n" +
    "has only the line for an environment file; everything else goes to standard error.",
  usage: "ranger keygen [--type rsa|ed25519|p256] [--bits BITS] [--out PREFIX] [--force]",
  example: "ranger keygen --type ed25519 --out exchange >> ranger.env",
  options: {
    type: {
      type: "string",
      value: "TYPE",
      help: "rsa (which every Peatio component reads), ed25519 or p256",
      default: "rsa",
      words: PAIR_TYPES,
    },
    bits: {
      type: "string",
      value: "BITS",
      help: "Length of an RSA key: 2048, 3072 or 4096 [2048]",
      words: BITS,
    },
    out: {
      type: "string",
      value: "PREFIX",
      help: "Path of the two files, without .key and .pub",
      default: "jwt",
    },
    force: { type: "boolean", help: "Overwrites existing files" },
  },
  settings: false,
  async run({ values }) {
    const type = pairType(values.type);
    const bits = rsaBits(values.bits, type);
    if (values.out === "") {
      throw new ConfigurationError("--out is empty; expected a path such as jwt");
    }
    const [keyPath, pubPath] = [`${values.out}.key`, `${values.out}.pub`];
    // Both are checked before either is written: half a pair is worse than none.
    if (!values.force) await refuseExisting(keyPath, pubPath);

    const { privateKey, publicKey, kind, fingerprint } = await generateKeyPair(type, bits);
    await write(keyPath, privateKey, 0o600, values.force);
    await write(pubPath, publicKey, 0o644, values.force);
    console.error(`private key (${kind}): ${keyPath}   signs tokens; Ranger does not need it`);
    console.error(`public key:  ${pubPath}   --jwt-public-key ${pubPath}`);
    console.error(`fingerprint: ${fingerprint}`);
    console.log(`JWT_PUBLIC_KEY=${base64url(publicKey)}`);
    return 0;
  },
});

function pairType(text: string): PairType {
  const type = PAIR_TYPES.find((known) => known === text.toLowerCase());
  if (type !== undefined) return type;
  throw new ConfigurationError(
    `--type is ${JSON.stringify(text)}; expected ${PAIR_TYPES.join(", ")}`,
  );
}

function rsaBits(text: string | undefined, type: PairType): number | undefined {
  if (text === undefined) return undefined;
  if (type !== "rsa") {
    throw new ConfigurationError(`--bits is for RSA keys; keys of type ${type} have one length`);
  }
  if (BITS.includes(text)) return Number(text);
  throw new ConfigurationError(
    `--bits is ${JSON.stringify(text)}; expected ${BITS.join(", ")}`,
  );
}

/** Padded, because the older servers accept only that. */
function base64url(text: string): string {
  return Buffer.from(text).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

async function refuseExisting(...paths: string[]): Promise<void> {
  for (const path of paths) {
    const found = await lstat(path).then(() => true, () => false);
    if (found) throw exists(path);
  }
}

async function write(path: string, text: string, mode: number, force: boolean): Promise<void> {
  try {
    // Removed, not truncated: the new file has the right mode from its first byte on, and a link is
    // not followed.
    if (force) await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: "wx" });
    // The umask may have removed permissions: a public key must be readable by all.
    await chmod(path, mode);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "EEXIST") throw exists(path);
    throw new ConfigurationError(`--out: ${path} cannot be written: ${reason(code, error)}`);
  }
}

function exists(path: string): ConfigurationError {
  return new ConfigurationError(
    `--out: ${path} already exists; use another prefix, or --force to overwrite both files`,
  );
}

function reason(code: unknown, error: unknown): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "its folder does not exist";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EISDIR" || code === "ERR_FS_EISDIR") return "it is a directory";
  return error instanceof Error ? error.message : String(error);
}
