import assert from "node:assert/strict";
import { RUNTIME_ENVIRONMENT, V8_OPTION } from "../../scripts/runtime.ts";
import { connectClient } from "../support/client.ts";
import { build } from "../support/built.ts";
import { startRanger } from "../../testing/ranger.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

// The runtime under an executable cannot be had everywhere; CI names one in DENORT_BIN.
const kinds = Deno.env.get("DENORT_BIN") ? ["tree", "executable"] as const : ["tree"] as const;

for (const kind of kinds) {
  Deno.test(`the built ${kind} starts, refuses, plays the demo and serves a client`, async (t) => {
    await using folder = await temporaryFolder();
    const { code, stderr, program } = await build(kind, folder.path);
    assert.equal(code, 0, stderr);
    const run = (...args: string[]) => runProgram([program], args, { cwd: folder.path });

    await t.step("prints version, commit and runtime", async () => {
      const { code, stdout } = await run("version");
      assert.equal(code, 0);
      assert.match(stdout, /^ranger \d+\.\d+\.\d+\ncommit .+\nruntime deno 2\./);
      const head = await gitHead();
      if (head !== undefined) assert.ok(stdout.includes(`commit ${head}`), stdout);
    });

    await t.step(
      "refuses an unknown flag with the exit code of a wrong configuration",
      async () => {
        const { code, stderr } = await run("serve", "--prot", "80");
        assert.equal(code, 78);
        assert.match(stderr, /--prot.*--port/);
      },
    );

    await t.step("writes a key pair, and reads it again", async () => {
      assert.equal((await run("keygen", "--type", "ed25519", "--out", "jwt")).code, 0);
      const { code, stdout, stderr } = await run("token", "--uid", "ID1", "--key", "jwt.key");
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    });

    await t.step("plays the demo, serves a client, and ends when told to", async () => {
      await using ranger = await startRanger({ program: [program], command: "demo" });
      // An executable has the flags in it, and its unit sets the variables.
      if (kind === "tree") await assertRunsAsMeasured(ranger.pid);
      const client = await connectClient(ranger.url("/public?stream=btcusd.ob-inc"));
      try {
        assert.equal(
          await client.next(),
          '{"success":{"message":"subscribed","streams":["btcusd.ob-inc"]}}',
        );
        assert.match(await client.next(), /^\{"btcusd\.ob-snap":\{"asks":\[\[/);
        assert.match(await client.next(), /^\{"btcusd\.ob-inc":/);
      } finally {
        await client.close();
      }
      assert.equal((await ranger.stop()).code, 0, ranger.stderr);
    });
  });
}

/** The process has V8's flags and the runtime's variables of production. */
async function assertRunsAsMeasured(pid: number): Promise<void> {
  const read = async (what: string) =>
    (await Deno.readTextFile(`/proc/${pid}/${what}`)).split("\0");
  const [flags, variables] = [await read("cmdline"), await read("environ")];
  assert.ok(flags.includes(V8_OPTION), flags.join(" "));
  for (const [name, value] of Object.entries(RUNTIME_ENVIRONMENT)) {
    assert.ok(variables.includes(`${name}=${value}`), name);
  }
}

Deno.test("a build without the executable's runtime says what is missing and what to do", async () => {
  await using folder = await temporaryFolder();
  // A compiler that has downloaded nothing yet and reaches nothing.
  const compiler = await folder.write(
    "deno",
    `#!/bin/sh\nDENO_DIR=${folder.path}/cache HTTPS_PROXY=http://127.0.0.1:1 exec "${Deno.execPath()}" "$@"\n`,
  );
  await Deno.chmod(compiler, 0o755);
  const { code, stderr } = await build("executable", folder.path, {
    DENORT_BIN: "",
    DENO_COMPILE: compiler,
  });
  assert.equal(code, 69);
  assert.match(stderr, /could not be downloaded, and DENORT_BIN is not set/);
  assert.match(stderr, /make build-tree/);
});

/** A compiler whose executables are run by this Deno, with flags of its; it compiles nothing. */
async function fakeCompiler(
  folder: { write(name: string, text: string): Promise<string> },
  flags = "",
): Promise<string> {
  const runtime = `"${Deno.execPath()}" run --quiet --no-config -A --unstable-net ${flags}`;
  const compiler = await folder.write(
    "deno",
    `#!/bin/sh
case $1 in --version | info) exec "${Deno.execPath()}" "$@" ;; esac
for arg; do
  case $arg in --output=*) output=\${arg#--output=} ;; esac
  bundle=$arg
done
cp "$bundle" "$output.copy.js"
printf '#!/bin/sh\\nexec %s "$0.copy.js" "$@"\\n' '${runtime}' >"$output"
chmod +x "$output"
`,
  );
  await Deno.chmod(compiler, 0o755);
  return compiler;
}

/** The first bytes of an executable for a machine (`e_machine` in elf.h), with a text in it. */
function elf(machine: number, text: string): Uint8Array {
  const bytes = new Uint8Array(64 + text.length);
  bytes.set(new TextEncoder().encode("\x7fELF"));
  new DataView(bytes.buffer).setUint16(18, machine, true);
  bytes.set(new TextEncoder().encode(text), 64);
  return bytes;
}

const MACHINE = Deno.build.arch === "x86_64" ? 0x3e : 0xb7;
const OTHER_MACHINE = Deno.build.arch === "x86_64" ? 0xb7 : 0x3e;
const FITTING = elf(MACHINE, `Deno/${Deno.version.deno}`);

Deno.test("a DENORT_BIN that is not the compiler's runtime is refused by name, before anything is built", async (t) => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/denort`;
  const refused = async (reason: RegExp) => {
    const { code, stdout, stderr } = await build("executable", `${folder.path}/dist`, {
      DENORT_BIN: file,
      DENO_COMPILE: Deno.execPath(),
    });
    assert.equal(code, 78, stderr);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`DENORT_BIN names ${file}, which `), stderr);
    assert.match(stderr, reason);
    await assert.rejects(Deno.stat(`${folder.path}/dist`), Deno.errors.NotFound);
  };
  await t.step("missing", () => refused(/does not exist/));
  const cases: Record<string, [bytes: Uint8Array, reason: RegExp]> = {
    "a script": [new TextEncoder().encode("#!/bin/sh\nexit 0\n"), /is not an executable of Linux/],
    "cut off": [FITTING.subarray(0, 18), /is not an executable of Linux/],
    "for another machine": [
      elf(OTHER_MACHINE, `Deno/${Deno.version.deno}`),
      new RegExp(`is for \\w+; .* makes executables for ${Deno.build.arch}`),
    ],
    "of another version": [
      elf(MACHINE, "Deno/2.0.1\0"),
      new RegExp(`is of Deno 2\\.0\\.1; .* is Deno ${Deno.version.deno}\\. .*DENO_COMPILE`),
    ],
    "another program": [elf(MACHINE, "GNU coreutils"), /it is not a denort/],
    "the deno command": [
      elf(MACHINE, `Deno/${Deno.version.deno}\0DENO_TESTING_UPGRADE`),
      /is the deno command, not a denort/,
    ],
  };
  for (const [name, [bytes, reason]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await Deno.writeFile(file, bytes);
      await refused(reason);
    });
  }
});

Deno.test("a build prints where its runtime is from, the version, and the SHA-256", async (t) => {
  await using folder = await temporaryFolder();
  const compiler = await fakeCompiler(folder);
  const target = `${Deno.build.arch}-unknown-linux-gnu`;
  const head = `the runtime under the executable: Deno ${Deno.version.deno} for ${target}\n  from `;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", FITTING as BufferSource))
    .toHex();

  await t.step("of DENORT_BIN", async () => {
    const file = `${folder.path}/denort`;
    await Deno.writeFile(file, FITTING);
    const env = { DENORT_BIN: file, DENO_COMPILE: compiler };
    const { code, stdout, stderr } = await build("executable", folder.path, env);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`${head}${file}\n  sha256 ${sum}\n`), stdout);
  });

  await t.step("of Deno's download", async () => {
    const path = `release/v${Deno.version.deno}/denort-${target}.zip`;
    const kept = `${folder.path}/cache/dl/${path}`;
    await Deno.mkdir(kept.slice(0, kept.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(kept, FITTING);
    const { code, stdout, stderr } = await build("executable", folder.path, {
      DENORT_BIN: "",
      DENO_COMPILE: compiler,
      DENO_DIR: `${folder.path}/cache`,
    });
    assert.equal(code, 0, stderr);
    const url = `https://dl.deno.land/${path}`;
    assert.ok(stdout.includes(`${head}${url}\n  kept in ${kept}\n  sha256 ${sum}\n`), stdout);
    // The packages under the bundle, since this cache had none.
    assert.match(stdout, /^ {2}fetched https:\/\/.*\/hono-[\d.]+\.tgz$/m);
  });
});

Deno.test("a runtime that cannot notify systemd is refused, with the reason", async () => {
  await using folder = await temporaryFolder();
  // As Deno 2.7.11 in this.
  const compiler = await fakeCompiler(
    folder,
    `--preload="${ROOT}tests/support/cannot_notify.ts"`,
  );
  const denort = `${folder.path}/denort`;
  await Deno.writeFile(denort, FITTING);
  const compile = (env: Record<string, string>) =>
    build("executable", folder.path, { DENORT_BIN: denort, DENO_COMPILE: compiler, ...env });
  const refused = await compile({ WITHOUT_NOTIFY: "" });
  assert.equal(refused.code, 69, refused.stderr);
  assert.match(refused.stderr, /cannot notify systemd:\n {2}paths must not contain interior null/);
  assert.match(refused.stderr, /Type=notify and would never start\. Build with Deno 2\.9 or newer/);
  await assert.rejects(Deno.stat(refused.program), Deno.errors.NotFound);

  const allowed = await compile({ WITHOUT_NOTIFY: "1" });
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.match(allowed.stdout, /cannot notify systemd: paths must not contain interior null/);
});

Deno.test("a build of a runtime that can notify systemd needs nothing else", async () => {
  await using folder = await temporaryFolder();
  const { code, stdout, stderr } = await build("tree", folder.path, { WITHOUT_NOTIFY: "" });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /cannot notify/);
});

async function gitHead(): Promise<string | undefined> {
  const { code, stdout } = await runProgram(
    ["git"],
    ["-C", ROOT, "rev-parse", "--short=12", "HEAD"],
  );
  return code === 0 ? stdout.trim() : undefined;
}
