/**
 * Builds the typed client, as npm takes it:
 *
 *     deno run -A scripts/build_client.ts   dist/client
 *
 * DIST names another folder than dist. Two minified JavaScript files, the client and the names of
 * the streams; the declarations that they need, and what npm shows.
 */
import { resolve } from "node:path";
import { minify } from "terser";
import { VERSION } from "../src/version.ts";

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
for (const name of ["mod", "streams"]) await bundle(name);
await writeDeclarations();
for (const file of ["client/package.json", "client/README.md", "LICENSE"]) {
  await Deno.copyFile(`${ROOT}${file}`, `${OUT}/${file.split("/").at(-1)}`);
}
console.log(`${OUT}: ${await gzipped(`${OUT}/mod.js`)} bytes gzipped`);

async function bundle(name: string): Promise<void> {
  const file = `${OUT}/${name}.js`;
  await deno("bundle", "--minify", "--platform=browser", `--output=${file}`, `${name}.ts`);
  const { code } = await minify(await Deno.readTextFile(file), {
    module: true,
    ecma: 2020,
    compress: {
      ...{ passes: 3, hoist_funs: true, inline: 1 },
      ...{ keep_fargs: false, pure_getters: true, unsafe_arrows: true },
    },
  });
  await Deno.writeTextFile(file, code!);
}

/** Writes the declarations of mod.ts and of all that they mention. */
async function writeDeclarations(): Promise<void> {
  const all = await Deno.makeTempDir({ prefix: "ranger-client-" });
  try {
    const sources = [...Deno.readDirSync(SOURCES)].map(({ name }) => name);
    await deno("transpile", "--declaration", `--outdir=${all}`, ...sources);
    const wanted = ["mod", "streams"];
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
