import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ROOT, runProgram } from "../../testing/program.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** Bytes that the packages may take once they are unpacked; 14.1 MB on 29 November 2026. */
const MAX_UNPACKED = 18_000_000;

/** The sum of all files' sizes below a folder. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}

/** The packages of a cache: `@hono/node-server`. */
async function packagesIn(registry: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(registry)) {
    if (!name.startsWith("@")) found.push(name);
    else {for await (const { name: part } of Deno.readDir(`${registry}/${name}`)) {
        found.push(`${name}/${part}`);
      }}
  }
  return found.sort();
}

Deno.test("`make run` with nothing downloaded before fetches the program's packages, and no others", async () => {
  await using folder = await temporaryFolder();
  // A port in use ends the demo where it would listen: everything is loaded by then.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const flags = `--port ${listener.addr.port} --management-port 0`;
  const env = {
    DENO_DIR: folder.path,
    PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`,
  };
  const make = (...variables: string[]) =>
    runProgram(["make"], ["-C", ROOT, "run", ...variables], { env });
  const demo = await make(`ARGS=${flags}`);
  assert.match(demo.stderr, new RegExp(`127\\.0\\.0\\.1:${listener.addr.port} .*--port`));
  const tail = await make(
    "COMMAND=tail",
    "ARGS=--book btcusd --timeout 1s --url ws://127.0.0.1:1/",
  );
  assert.match(tail.stderr, /cannot connect to ws:\/\/127\.0\.0\.1:1\//);

  const [registry, ...others] = [...Deno.readDirSync(`${folder.path}/npm`)]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  assert.deepEqual(others, []);
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}scripts/run.lock`));
  const wanted = Object.keys(lock.npm).map((key) => /^(@?[^@]+)@/.exec(key)![1]!);
  assert.deepEqual(await packagesIn(`${folder.path}/npm/${registry}`), wanted.toSorted());
  const size = await sizeOf(`${folder.path}/npm`);
  assert.ok(size < MAX_UNPACKED, `${size} bytes`);
});
