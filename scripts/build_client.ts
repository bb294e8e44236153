/**
 * Builds the typed client, as npm takes it:
 *
 *     deno run -A scripts/build_client.ts   dist/client
 *
 * DIST names another folder than dist. One minified JavaScript file per entry with its source map,
 * the declarations that they need, and what npm shows. The runtime bundles, and terser makes it small.
 */
import { resolve } from "node:path";
import { minify } from "terser";
import { VERSION } from "../src/version.ts";
import { ENTRIES, INTERNAL_NAMES } from "./internal_names.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const SOURCES = `${ROOT}client/src`;
const OUT = `${resolve(Deno.env.get("DIST") || `${ROOT}dist`)}/client`;

const { version } = JSON.parse(
  await Deno.readTextFile(`${ROOT}client/package.json`),
);
if (version !== VERSION) {
  fail(
    `client/package.json says ${version}, and src/version.ts ${VERSION}: they go together`,
  );
}
await Deno.remove(OUT, { recursive: true }).catch(() => {});
await Deno.mkdir(OUT, { recursive: true });
for (const entry of ENTRIES) await bundle(entry);
await writeDeclarations();
for (const file of ["client/package.json", "client/README.md", "LICENSE"]) {
  await Deno.copyFile(`${ROOT}${file}`, `${OUT}/${file.split("/").at(-1)}`);
}
const sizes = await Promise.all(
  ENTRIES.map(async (entry) => `${entry}.js ${await gzipped(`${OUT}/${entry}.js`)}`),
);
console.log(`${OUT}: ${sizes.join(", ")} bytes gzipped`);

/** Writes an entry's JavaScript, and its source map with the sources in it. */
async function bundle(entry: string): Promise<void> {
  const file = `${OUT}/${entry}.js`;
  await deno(
    "bundle",
    "--minify",
    "--platform=browser",
    "--external=react",
    "--sourcemap=linked",
    `--output=${file}`,
    `${entry}.ts`,
  );
  const { code, map } = await minify(await Deno.readTextFile(file), {
    module: true,
    ecma: 2020,
    compress: {
      ...{ passes: 3, hoist_funs: true, inline: 1 },
      ...{ keep_fargs: false, pure_getters: true, unsafe_arrows: true },
    },
    mangle: { properties: { regex: new RegExp(`^(${INTERNAL_NAMES.join("|")})$`) } },
    // React's server components may import the hooks, and leave them to the browser.
    format: { preamble: entry === "react" ? '"use client";' : "" },
    sourceMap: {
      content: await Deno.readTextFile(`${file}.map`),
      includeSources: true,
      url: `${entry}.js.map`,
      asObject: true,
    },
  });
  await Deno.writeTextFile(file, code!);
  // Without the path to the sources on this machine; they are in the map.
  const { sources, ...rest } = map as unknown as { readonly sources: readonly string[] };
  const names = sources.map((source) => `src/${source.split("/").at(-1)}`);
  await Deno.writeTextFile(`${file}.map`, JSON.stringify({ ...rest, sources: names }));
}

/** Writes the declarations of the entries and of all that they mention. */
async function writeDeclarations(): Promise<void> {
  const all = await Deno.makeTempDir({ prefix: "ranger-client-" });
  try {
    const sources = [...Deno.readDirSync(SOURCES)].map(({ name }) => name);
    await deno("transpile", "--declaration", `--outdir=${all}`, ...sources);
    const wanted = [...ENTRIES];
    for (const name of wanted) {
      const text = (await Deno.readTextFile(`${all}/${name}.d.ts`))
        // Names the file as it was on this machine.
        .replace(/^\/\/\/ <amd-module [^\n]*\n/m, "")
        .replace(/(from ")\.\/(\w+)\.ts(")/g, (_, before, mentioned, after) => {
          if (!wanted.includes(mentioned)) wanted.push(mentioned);
          return `${before}./${mentioned}.js${after}`;
        });
      await Deno.writeTextFile(`${OUT}/${name}.d.ts`, text);
    }
  } finally {
    await Deno.remove(all, { recursive: true });
  }
}

async function deno(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, "--quiet", `--config=${ROOT}deno.json`, ...args],
    cwd: SOURCES,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) fail(new TextDecoder().decode(stderr));
}

async function gzipped(file: string): Promise<number> {
  const { readable } = await Deno.open(file);
  let bytes = 0;
  for await (
    const chunk of readable.pipeThrough(new CompressionStream("gzip"))
  ) {
    bytes += chunk.length;
  }
  return bytes;
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}
