/**
 * Writes scripts/run.lock, the part of deno.lock that main.ts needs: `make run` and `make build`
 * take it, because Deno fetches every package that a lock file names, those of the tests too.
 *
 *     deno run -A scripts/run_lock.ts           writes it
 *     deno run -A scripts/run_lock.ts --check   exits with 1 when it is not current
 */
import { deno } from "./deno_command.ts";
import { writeOrCheck } from "./generated.ts";

const ROOT = new URL("../", import.meta.url);

/** What is read of a lock file. The rest is passed on. */
interface Lock {
  /** `npm:hono@4.13.19` leads to `4.13.19`, with peers `2.1.8_hono@4.13.19`. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** By name and version. Dependencies have a version only where there are several. */
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
}

/**
 * The packages that a module's graph needs, with what they depend on.
 *
 * @param lock a lock file's content
 * @param specifiers of the packages that modules import, as deno.json has them: `npm:zod@4.6.7`
 * @returns a lock file that names nothing else
 * @throws Error when the lock file lacks one
 *
 * @example
 * ```ts
 * const lock = {
 *   specifiers: { "npm:zod@4.6.7": "4.6.7", "npm:ws@8.23.0": "8.23.0" },
 *   npm: { "zod@4.6.7": {}, "ws@8.23.0": {} },
 * };
 * lockOf(lock, ["npm:zod@4.6.7"]).npm; // { "zod@4.6.7": {} }
 * ```
 */
export function lockOf<T extends Lock>(lock: T, specifiers: readonly string[]): T {
  const packages = new Set<string>();
  const add = (name: string) => {
    const [key, ...others] = name in lock.npm
      ? [name]
      : Object.keys(lock.npm).filter((key) => key.startsWith(`${name}@`));
    if (key === undefined || others.length > 0) {
      throw new Error(`deno.lock has ${others.length > 0 ? "several" : "no"} ${name}`);
    }
    if (packages.has(key)) return;
    packages.add(key);
    for (const dependency of lock.npm[key]!.dependencies ?? []) add(dependency);
  };
  for (const specifier of specifiers) {
    const name = specifier.slice("npm:".length, specifier.lastIndexOf("@"));
    add(`${name}@${lock.specifiers[specifier]}`);
  }
  const only = <V>(all: Readonly<Record<string, V>>, wanted: Iterable<string>) => {
    const names = new Set(wanted);
    return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  };
  return {
    ...lock,
    specifiers: only(lock.specifiers, specifiers),
    npm: only(lock.npm, packages),
  };
}

/** The packages that main.ts and what it imports name, as deno.json has them. */
export async function packagesOfProgram(): Promise<string[]> {
  const { redirects } = JSON.parse(await deno("info", "--json", "main.ts")) as {
    redirects: Record<string, string>;
  };
  return Object.keys(redirects).filter((specifier) => specifier.startsWith("npm:")).sort();
}

if (import.meta.main) {
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  const text = JSON.stringify(lockOf(lock, await packagesOfProgram()), null, 2) + "\n";
  await writeOrCheck("scripts/run.lock", "scripts/run_lock.ts", text);
}
