import { generateKeyPair } from "../../src/auth/key_pair.ts";
import { loadSigningKey, signToken } from "../../src/auth/signing.ts";

/** One key for the run, and tokens signed by it. */
export interface Keys {
  /** PEM file of the public key, and that of an RSA key for servers that know no other. */
  readonly publicKey: string;
  readonly rsaPublicKey: string;
  /**
   * A file with one token a line: of the users `U0`, `U<every>`, `U<2 * every>`, …
   *
   * @param count how many
   */
  tokens(count: number, every: number): Promise<string>;
}

/** Seconds that tokens are good: longer than any run. */
const TTL = 6 * 3600;

/** Makes an Ed25519 pair, and writes what belongs to it into the folder. */
export async function makeKeys(folder: string): Promise<Keys> {
  const [pair, rsa] = await Promise.all([generateKeyPair("ed25519"), generateKeyPair("rsa")]);
  const key = await loadSigningKey(pair.privateKey, "the run's key");
  const publicKey = `${folder}/ed25519.pub`;
  const rsaPublicKey = `${folder}/rsa.pub`;
  await Deno.writeTextFile(publicKey, pair.publicKey);
  await Deno.writeTextFile(rsaPublicKey, rsa.publicKey);
  const made = new Map<string, Promise<string>>();

  async function make(count: number, every: number): Promise<string> {
    const file = `${folder}/tokens-${count}-${every}`;
    const lines: string[] = [];
    while (lines.length < count) {
      const some = Array.from(
        { length: Math.min(500, count - lines.length) },
        (_, i) => signToken(key, { uid: `U${(lines.length + i) * every}`, ttl: TTL }),
      );
      lines.push(...await Promise.all(some));
    }
    await Deno.writeTextFile(file, lines.join("\n"));
    return file;
  }

  return {
    publicKey,
    rsaPublicKey,
    tokens(count, every) {
      const name = `${count}-${every}`;
      let file = made.get(name);
      if (file === undefined) made.set(name, file = make(count, every));
      return file;
    },
  };
}
