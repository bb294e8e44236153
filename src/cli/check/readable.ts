import { dirname } from "node:path";

/** A user of the system, as permissions of files see one. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Name of its primary group. */
  readonly group: string;
  readonly gids: ReadonlySet<number>;
}

/**
 * Looks a user up in /etc/passwd and /etc/group.
 *
 * @returns undefined where there is no such user
 */
export async function findAccount(name: string): Promise<Account | undefined> {
  const rows = async (file: string) =>
    (await Deno.readTextFile(file).catch(() => "")).split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = (await rows("/etc/passwd")).find((row) => row[0] === name) ?? [];
  if (uid === undefined) return undefined;
  const all = await rows("/etc/group");
  const groups = all.filter(([, , , members = ""]) => members.split(",").includes(name));
  return {
    name,
    uid: Number(uid),
    group: all.find((row) => row[2] === gid)?.[0] ?? String(gid),
    gids: new Set([Number(gid), ...groups.map((row) => Number(row[2]))]),
  };
}

/**
 * Why a user may not read a file, by owners and modes; access control lists are not read.
 *
 * @param path absolute
 * @returns completes "the user may not read it: …"; undefined where the user may, or where the file
 *   is not there
 *
 * @example
 * ```ts
 * declare const account: Account;
 * await whyUnreadable("/etc/ranger/jwt.pub", account);
 * // "/etc/ranger/jwt.pub belongs to root and has mode 0600"
 * ```
 */
export async function whyUnreadable(path: string, account: Account): Promise<string | undefined> {
  if (account.uid === 0) return undefined;
  let file: string;
  try {
    file = await Deno.realPath(path);
  } catch {
    return undefined;
  }
  for (let folder = dirname(file);; folder = dirname(folder)) {
    if (!may(await Deno.stat(folder), account, EXECUTE)) {
      return `the folder ${folder} ${await owned(folder)}`;
    }
    if (folder === "/") break;
  }
  return may(await Deno.stat(file), account, READ) ? undefined : `${file} ${await owned(file)}`;
}

const READ = 4;
const EXECUTE = 1;

function may({ mode, uid, gid }: Deno.FileInfo, account: Account, bit: number): boolean {
  // The first class that fits decides, even where a later one would allow more (path_resolution(7)).
  const shift = uid === account.uid ? 6 : account.gids.has(gid ?? -1) ? 3 : 0;
  return ((mode ?? 0) >> shift & bit) !== 0;
}

async function owned(path: string): Promise<string> {
  const { mode, uid } = await Deno.stat(path);
  const names = (await Deno.readTextFile("/etc/passwd").catch(() => "")).split("\n");
  const owner = names.map((line) => line.split(":")).find((row) => row[2] === String(uid))?.[0];
  const bits = ((mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
  return `belongs to ${owner ?? uid} and has mode ${bits}`;
}
