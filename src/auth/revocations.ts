import { readFile } from "node:fs/promises";
import { ConfigurationError } from "../errors.ts";
import type { Identity } from "./identity.ts";

/** One entry: `jti a1b2` or `uid ID10AA8FC4E7`. */
const ENTRY = /^(jti|uid)\s+(\S.*)$/;

/**
 * Tokens and users whose connections are ended before their tokens expire: the file of
 * `auth.revoked`, with an entry a line and comment lines that begin with `#`.
 *
 * @example
 * ```ts
 * const revocations = await Revocations.read("/etc/ranger/revoked");
 * revocations.has({ uid: "ID10AA8FC4E7", jti: "a1b2" });
 * ```
 */
export class Revocations {
  readonly #jtis: ReadonlySet<string>;
  readonly #uids: ReadonlySet<string>;

  private constructor(jtis: ReadonlySet<string>, uids: ReadonlySet<string>) {
    this.#jtis = jtis;
    this.#uids = uids;
  }

  /**
   * @param path of the file; empty for no revocations
   * @throws {ConfigurationError} it cannot be read, or has a line that is not an entry
   */
  static async read(path: string): Promise<Revocations> {
    const jtis = new Set<string>();
    const uids = new Set<string>();
    const lines = path === "" ? [] : (await textOf(path)).split("\n");
    for (const [at, line] of lines.entries()) {
      const text = line.trim();
      if (text === "" || text.startsWith("#")) continue;
      const [, kind, value = ""] = ENTRY.exec(text) ?? [];
      if (kind === undefined) {
        throw new ConfigurationError(
          `auth.revoked: line ${at + 1} of ${path} is not an entry; ` +
            "right would be `jti` or `uid`, a space and the value of the claim",
        );
      }
      (kind === "jti" ? jtis : uids).add(value);
    }
    return new Revocations(jtis, uids);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#jtis.size + this.#uids.size;
  }

  has({ uid, jti }: Pick<Identity, "uid" | "jti">): boolean {
    return this.#uids.has(uid) || (jti !== undefined && this.#jtis.has(jti));
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw new ConfigurationError(
      `auth.revoked: cannot read ${path}: ${why}; expected a file with a line for each revoked ` +
        "token or user, which may be empty",
      { cause: error },
    );
  }
}
