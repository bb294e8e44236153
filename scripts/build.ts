/**
 * Builds the program from the sources:
 *
 *     deno run -A scripts/build.ts executable   dist/ranger, one file
 *     deno run -A scripts/build.ts tree         dist/ranger-tree, a folder with the same program
 *
 * DIST names another folder than dist.
 *
 * Both hold one bundled JavaScript file, with the commit written in, and grant it the same
 * permissions. The executable needs the runtime that `deno compile` puts under it, which is
 * downloaded, or named by DENORT_BIN; it must belong to the Deno that compiles, which DENO_COMPILE
 * names where it is not this one. What is downloaded is printed, and the runtime's SHA-256. The folder
 * takes the Deno that runs this.
 *
 * A program that cannot notify systemd (sd_notify(3)) is refused: its unit is of Type=notify, and
 * would be ended again and again as one that does not start. WITHOUT_NOTIFY=1 builds it for other
 * uses, such as containers.
 */
import { resolve } from "node:path";
import { COMMIT, VERSION } from "../src/version.ts";
import { type Compiler, denortDownload, denortProblem, sha256 } from "./denort.ts";
import { PERMISSIONS } from "./permissions.ts";
import { RUNTIME_ENVIRONMENT, V8_OPTION } from "./runtime.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const DIST = resolve(Deno.env.get("DIST") || `${ROOT}dist`);
/** Milliseconds in which a program that was built has to begin its start. */
const START_TIMEOUT_MS = 30_000;
const UNAVAILABLE = 69;
const USAGE = 64;
const CONFIGURATION = 78;

const [what] = Deno.args;
if (what === "executable") Deno.exit(await buildExecutable());
if (what === "tree") Deno.exit(await buildTree());
console.error("usage: scripts/build.ts executable|tree");
Deno.exit(USAGE);

async function buildExecutable(): Promise<number> {
  const compiler = await describeCompiler(Deno.env.get("DENO_COMPILE") ?? Deno.execPath());
  if (compiler === undefined) return CONFIGURATION;
  const given = Deno.env.get("DENORT_BIN") || undefined;
  const problem = given === undefined ? undefined : await denortProblem(given, compiler);
  if (problem !== undefined) {
    console.error(problem);
    return CONFIGURATION;
  }
  const bundle = await makeBundle(`${DIST}/ranger.js`);
  if (bundle === undefined) return 1;
  const output = `${DIST}/ranger`;
  const { url, file } = denortDownload(compiler);
  console.log(`the runtime under the executable: Deno ${compiler.version} for ${compiler.target}
  from ${given ?? url}`);
  const { success, stderr } = await run(compiler.file, [
    "compile",
    "--no-check",
    "--no-config",
    "--no-lock",
    ...await unstable(),
    ...PERMISSIONS,
    V8_OPTION,
    `--output=${output}`,
    bundle,
  ]);
  if (!success) {
    console.error(stderr);
    return given === undefined ? explainMissingRuntime(compiler.file, stderr) : 1;
  }
  printDownloads(stderr);
  if (given === undefined) console.log(`  kept in ${file}`);
  console.log(`  sha256 ${await sha256(given ?? file) ?? "unknown: the file is not there"}`);
  await Deno.remove(bundle);
  return await report(output, output);
}

/** @returns undefined where it does not run, after it said so */
async function describeCompiler(file: string): Promise<Compiler | undefined> {
  const version = await run(file, ["--version"]);
  const [, number, target] = /^deno (\S+) \(.*\b(\w+-\w+-linux-\w+)\)/.exec(version.stdout) ?? [];
  const info = await run(file, ["info", "--json"]);
  if (number === undefined || target === undefined || !info.success) {
    console.error(`${file} does not say which Deno it is:\n${version.stdout}${version.stderr}`);
    return undefined;
  }
  return { file, version: number, target, cache: JSON.parse(info.stdout).denoDir };
}

/** Prints the lines of Deno's that say what was downloaded. */
function printDownloads(stderr: string): void {
  for (const [, url] of stderr.matchAll(/^Download (\S+)$/gm)) console.log(`  fetched ${url}`);
}

/** Told apart by the runtime's name in the message: nothing else that compiling does fetches it. */
function explainMissingRuntime(compiler: string, stderr: string): number {
  if (!/denort/.test(stderr)) return 1;
  console.error(
    `The runtime under the executable (denort) could not be downloaded, and DENORT_BIN is not set.
Either
  - run \`make build\` once where Deno's downloads can be reached, or
  - set DENORT_BIN to a denort of the same version as ${compiler}, or
  - run \`make build-tree\`: the same program as a folder, which \`make install\` takes as well.`,
  );
  return UNAVAILABLE;
}

async function buildTree(): Promise<number> {
  const tree = `${DIST}/ranger-tree`;
  await Deno.remove(tree, { recursive: true }).catch(() => {});
  await Deno.mkdir(tree, { recursive: true });
  if (await makeBundle(`${tree}/ranger.js`) === undefined) return 1;
  await linkOrCopy(Deno.execPath(), `${tree}/deno`);
  await Deno.writeTextFile(`${tree}/ranger`, await launcher());
  await Deno.chmod(`${tree}/ranger`, 0o755);
  return await report(`${tree}/ranger`, tree);
}

/** A link spares a hundred megabytes; across file systems, and of another's file, there is none. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await Deno.link(from, to).catch(async () => {
    await Deno.copyFile(from, to);
    await Deno.chmod(to, 0o755);
  });
}

/** Starts the bundle beside it, also through a symbolic link, with nothing from outside. */
async function launcher(): Promise<string> {
  const flags = [
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    ...await unstable(),
    ...PERMISSIONS,
    V8_OPTION,
  ];
  const variables = Object.entries(RUNTIME_ENVIRONMENT).map(([name, value]) =>
    `export ${name}="\${${name}:-${value}}"`
  );
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export DENO_NO_UPDATE_CHECK=1
${variables.join("\n")}
# Deno wants a folder for caches, also without a home folder, as in a container. Nothing may be there.
export DENO_DIR=/dev/null/none
# The program may not read its limit on open files, nor the kernel's on connections that wait.
RANGER_OPEN_FILES=$(ulimit -Hn)
read -r RANGER_SOMAXCONN 2>/dev/null </proc/sys/net/core/somaxconn || RANGER_SOMAXCONN=
export RANGER_OPEN_FILES RANGER_SOMAXCONN
exec "$here/deno" run ${flags.join(" ")} \\
  "$here/ranger.js" "$@"
`;
}

/**
 * Bundles main.ts into one file, the same on every machine.
 *
 * @returns the file, or undefined when bundling failed and said why
 */
async function makeBundle(file: string): Promise<string | undefined> {
  await Deno.mkdir(DIST, { recursive: true });
  const { success, stderr } = await run(Deno.execPath(), [
    "bundle",
    "--frozen",
    "--lock=scripts/run.lock",
    "--platform=deno",
    `--output=${file}`,
    `${ROOT}main.ts`,
  ]);
  if (!success) {
    console.error(stderr);
    return undefined;
  }
  printDownloads(stderr);
  const bundled = (await Deno.readTextFile(file))
    // Where the packages lay on this machine, in comments and names of modules.
    .replace(/^(\/\/ | +")[^\s"]*\/npm\/[^/\s"]+\//gm, "$1npm:");
  const placeholder = `COMMIT = ${JSON.stringify(COMMIT)}`;
  const parts = bundled.split(placeholder);
  if (parts.length !== 2) {
    console.error(`${placeholder} stands ${parts.length - 1} times in the bundle, not once`);
    return undefined;
  }
  await Deno.writeTextFile(file, parts.join(`COMMIT = ${JSON.stringify(await commit())}`));
  return file;
}

/** The commit that the tree is at, marked where files differ from it; no git, no commit. */
async function commit(): Promise<string> {
  const { success, stdout } = await run("git", [
    "-C",
    ROOT,
    "describe",
    "--always",
    "--dirty",
    "--abbrev=12",
    "--exclude=*",
  ]);
  return success ? stdout.trim() : COMMIT;
}

/** Flags for the unstable features that deno.json names: what is built does not read it. */
async function unstable(): Promise<string[]> {
  const text = (await Deno.readTextFile(`${ROOT}deno.json`)).replace(/^\s*\/\/.*$/gm, "");
  const { unstable = [] } = JSON.parse(text) as { unstable?: string[] };
  return unstable.map((feature) => `--unstable-${feature}`);
}

/**
 * Shows what was built, as it describes itself.
 *
 * @param product is removed where it cannot be used
 */
async function report(program: string, product: string): Promise<number> {
  const { success, stdout, stderr } = await run(program, ["version"]);
  const [first = "", ...rest] = stdout.trim().split("\n");
  if (!success || first !== `ranger ${VERSION}`) {
    console.error(`${program} was built and does not run:\n${stdout}${stderr}`);
    return 1;
  }
  const problem = await notifyProblem(program);
  if (problem !== undefined && !Deno.env.get("WITHOUT_NOTIFY")) {
    await Deno.remove(product, { recursive: true });
    console.error(
      `The program was built and removed again, because its runtime cannot notify systemd:
  ${problem}
  ${rest.join("\n  ")}
Its unit is of Type=notify and would never start. Build with Deno 2.9 or newer (DENO_COMPILE and
DENORT_BIN name the one under the executable), or set WITHOUT_NOTIFY=1 where systemd does not start it.`,
    );
    return UNAVAILABLE;
  }
  console.log([program, first, ...rest].join("\n  "));
  if (problem !== undefined) console.log(`  cannot notify systemd: ${problem}`);
  return 0;
}

/**
 * Why the program cannot open a socket to systemd; undefined where it can. It says so in its log
 * before it says that it starts.
 */
async function notifyProblem(program: string): Promise<string | undefined> {
  const child = new Deno.Command(program, {
    args: [
      ...["serve", "--no-auth", "--config=/dev/null", "--log-format=json", "--log-level=info"],
      ...["--host=127.0.0.1", "--port=0", "--management-port=0", "--amqp-url=amqp://127.0.0.1:1/"],
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", NOTIFY_SOCKET: `@ranger-build-${Deno.pid}` },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  let problem: string | undefined;
  let text = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const started = /^.*"message":"ranger \S+ starts".*$/m.exec(text);
    if (started === null) continue;
    const line = text.slice(0, started.index).split("\n").find((line) =>
      line.includes("NOTIFY_SOCKET")
    );
    if (line !== undefined) problem = String(JSON.parse(line).reason);
    child.kill("SIGKILL");
    break;
  }
  clearTimeout(timer);
  await child.status;
  return /ranger \S+ starts/.test(text) ? problem : `it does not start:\n${text}`;
}

async function run(
  file: string,
  args: readonly string[],
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const decoder = new TextDecoder();
  try {
    const { success, stdout, stderr } = await new Deno.Command(file, {
      args: [...args],
      // The bundle names its modules from here.
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, stdout: "", stderr: `${file} is not there` };
  }
}
