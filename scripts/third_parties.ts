/**
 * The packages of others in what is built: which of them the bundler takes in, with the version and
 * hash of deno.lock, and the licence that each package names.
 */
import { deno } from "./deno_command.ts";

const ROOT = new URL("../", import.meta.url);

/** What is bundled: an entry, and where its bundle runs. */
export interface Bundled {
  readonly entry: string;
  readonly platform: "deno" | "browser";
}

/** The server with all commands, as the executable and the folder have it. */
export const PROGRAM: Bundled = { entry: "main.ts", platform: "deno" };
/** The live page's script, which the program holds and serves. */
export const PAGE: Bundled = { entry: "web/src/main.ts", platform: "browser" };
/** The typed client, as npm takes it. */
export const CLIENT: Bundled = { entry: "client/src/mod.ts", platform: "browser" };

/** A package in a bundle. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  /** Integrity (W3C, SRI) of the package's archive, as the lock file has it: `sha512-…`. */
  readonly integrity: string;
  /** An SPDX expression: `MIT`. */
  readonly licence: string;
  /** Names of the packages that it asks for and that are in the bundle too. */
  readonly dependencies: readonly string[];
  readonly homepage?: string;
  readonly author?: string;
  /** The text of its licence, where the package has it. */
  readonly licenceText?: string;
  /** The text of its NOTICE file, where it has one. */
  readonly noticeText?: string;
}

interface Lock {
  readonly npm: Readonly<
    Record<string, { readonly integrity: string; readonly dependencies?: readonly string[] }>
  >;
}

interface PackageJson {
  readonly license?: string;
  readonly homepage?: string;
  readonly author?: string | { readonly name: string };
}

/**
 * The packages in bundles, by name. The bundler names each module that it takes in; a package of
 * which no code is left does not count.
 *
 * @throws Error when bundling fails, or when a package is not in deno.lock or names no licence
 * @example
 * ```ts
 * const [first] = await thirdParties([PROGRAM]);
 * first!.name; // "@cloudamqp/amqp-client"
 * ```
 */
export async function thirdParties(bundles: readonly Bundled[]): Promise<ThirdParty[]> {
  const found = new Set((await Promise.all(bundles.map(packagesIn))).flat());
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT))) as Lock;
  const folders = await packageFolders(bundles);
  const names = [...found].map((id) => nameOf(id));
  return await Promise.all(
    [...found].toSorted().map(async (id) => {
      // A key may go on with the peers that it was resolved with: `a@1.0.0_b@2.0.0`.
      const key = Object.keys(lock.npm).find((key) => key === id || key.startsWith(`${id}_`));
      if (key === undefined) throw new Error(`${id} is in the bundle and not in deno.lock`);
      const folder = folders.get(id);
      if (folder === undefined) throw new Error(`${id} is in the bundle and not in deno's cache`);
      const { integrity, dependencies = [] } = lock.npm[key]!;
      return {
        name: nameOf(id),
        version: id.slice(nameOf(id).length + 1),
        integrity,
        dependencies: dependencies.map((name) => nameOf(name)).filter((name) =>
          names.includes(name)
        ),
        ...await described(id, folder),
      };
    }),
  );
}

/** `a@1.0.0`, `@a/b@1.0.0`: the name; a name without a version is itself. */
function nameOf(id: string): string {
  const at = id.indexOf("@", 1);
  return at === -1 ? id : id.slice(0, at);
}

/** The packages, as `name@version`, whose modules the bundler says it took in. */
async function packagesIn({ entry, platform }: Bundled): Promise<string[]> {
  const bundle = await deno("bundle", "--quiet", "--frozen", `--platform=${platform}`, entry);
  // `// ../cache/npm/<registry>/@hono/node-server/2.1.8/dist/index.mjs`, or as a module's name.
  const module = /^(?:\/\/ | +")[^\s"]*\/npm\/[^/\s"]+\/((?:@[^/\s"]+\/)?[^/\s"]+)\/([^/\s"]+)\//gm;
  return [...bundle.matchAll(module)].map(([, name, version]) => `${name}@${version}`);
}

/** Where Deno's cache has each package. */
async function packageFolders(bundles: readonly Bundled[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  for (const { entry } of bundles) {
    const { npmPackages } = JSON.parse(await deno("info", "--json", entry)) as {
      readonly npmPackages: Readonly<
        Record<string, { name: string; version: string; localPath: string }>
      >;
    };
    for (const { name, version, localPath } of Object.values(npmPackages)) {
      folders.set(`${name}@${version}`, localPath);
    }
  }
  return folders;
}

async function described(
  id: string,
  folder: string,
): Promise<Pick<ThirdParty, "licence" | "homepage" | "author" | "licenceText" | "noticeText">> {
  const { license, homepage, author } = JSON.parse(
    await Deno.readTextFile(`${folder}/package.json`),
  ) as PackageJson;
  if (!license) throw new Error(`${id} names no licence in its package.json`);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
  const text = async (form: RegExp) => {
    const file = files.find((name) => form.test(name));
    return file === undefined ? undefined : await Deno.readTextFile(`${folder}/${file}`);
  };
  const licenceText = await text(/^(licence|license|copying)(\.md|\.txt)?$/i);
  const noticeText = await text(/^notice(\.md|\.txt)?$/i);
  return {
    licence: license,
    ...(homepage ? { homepage } : {}),
    ...(author ? { author: typeof author === "string" ? author : author.name } : {}),
    ...(licenceText === undefined ? {} : { licenceText }),
    ...(noticeText === undefined ? {} : { noticeText }),
  };
}
