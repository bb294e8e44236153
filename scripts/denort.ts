/**
 * The runtime that `deno compile` puts under an executable (denort): where it comes from, and
 * whether it fits the compiler. Deno itself takes any file that DENORT_BIN names.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** What of the compiler decides which runtime fits. */
export interface Compiler {
  readonly file: string;
  /** `2.9.6` */
  readonly version: string;
  /** `x86_64-unknown-linux-gnu` */
  readonly target: string;
  /** Its cache, where what it downloads stays. */
  readonly cache: string;
}

/** `e_machine` of an ELF file, as in elf.h. */
const MACHINES: Readonly<Record<number, string>> = { 0x3e: "x86_64", 0xb7: "aarch64" };
const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");
const MACHINE_OFFSET = 18;
/** In the name that Deno gives itself in requests, which every runtime has. */
const VERSION_MARK = "Deno/";
/** A text that only the deno command has: the variable that tests of its upgrade use. */
const DENO_COMMAND_MARK = "DENO_TESTING_UPGRADE";

/**
 * Where Deno downloads the runtime from, and the file in its cache that it unpacks.
 *
 * @example
 * ```ts
 * const cache = "/cache/deno";
 * const compiler = { file: "deno", version: "2.9.6", target: "x86_64-unknown-linux-gnu", cache };
 * denortDownload(compiler).url; // "https://dl.deno.land/release/v2.9.6/denort-x86_64-….zip"
 * ```
 */
export function denortDownload({ version, target, cache }: Compiler): {
  url: string;
  file: string;
} {
  const path = `release/v${version}/denort-${target}.zip`;
  return { url: `https://dl.deno.land/${path}`, file: `${cache}/dl/${path}` };
}

/**
 * Why a file cannot be the runtime under what a compiler makes; undefined where it can.
 *
 * @param path as DENORT_BIN has it
 */
export async function denortProblem(path: string, compiler: Compiler): Promise<string | undefined> {
  const named = `DENORT_BIN names ${path}, which`;
  let bytes: Buffer;
  try {
    bytes = Buffer.from((await Deno.readFile(path)).buffer);
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? `${named} does not exist`
      : `${named} cannot be read: ${(error as Error).message}`;
  }
  if (
    !bytes.subarray(0, ELF_MAGIC.length).equals(ELF_MAGIC) || bytes.length <= MACHINE_OFFSET + 1
  ) {
    return `${named} is not an executable of Linux (ELF)`;
  }
  const machine = bytes.readUInt16LE(MACHINE_OFFSET);
  const found = MACHINES[machine] ?? `a machine of number ${machine}`;
  const expected = compiler.target.split("-")[0]!;
  if (found !== expected) {
    return `${named} is for ${found}; ${compiler.file} makes executables for ${expected}`;
  }
  if (bytes.includes(DENO_COMMAND_MARK)) return `${named} is the deno command, not a denort`;
  const versions = versionsIn(bytes);
  if (versions.length === 0) return `${named} has no version of Deno in it: it is not a denort`;
  if (!versions.includes(compiler.version)) {
    return `${named} is of Deno ${versions.join(" or ")}; ${compiler.file} is Deno ` +
      `${compiler.version}. Name a denort of ${compiler.version}, or in DENO_COMPILE a deno of the ` +
      "version of the denort";
  }
  return undefined;
}

/** The SHA-256 of a file, in hex; undefined where there is none. */
export async function sha256(path: string): Promise<string | undefined> {
  try {
    return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function versionsIn(bytes: Buffer): string[] {
  const found = new Set<string>();
  for (let at = bytes.indexOf(VERSION_MARK); at >= 0; at = bytes.indexOf(VERSION_MARK, at + 1)) {
    const [version] = /^\d+\.\d+\.\d+/.exec(
      bytes.toString("latin1", at + VERSION_MARK.length, at + VERSION_MARK.length + 16),
    ) ?? [];
    if (version !== undefined) found.add(version);
  }
  return [...found];
}
