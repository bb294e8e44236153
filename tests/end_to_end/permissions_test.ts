import assert from "node:assert/strict";
import { PERMISSIONS } from "../../scripts/permissions.ts";
import { NOTIFY_SOCKETS } from "../../src/daemon/write_permission.ts";
import { build } from "../support/built.ts";
import { Inspector } from "../../testing/inspector.ts";
import { freePort } from "../../testing/ports.ts";
import { runProgram } from "../../testing/program.ts";
import { startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/** What a program can try, and what becomes of it: `ok`, or the name of the error. */
const ATTEMPTS = `
  const tried = (attempt) => {
    try { attempt(); return "ok"; } catch (error) { return error.name; }
  };
  const state = (descriptor) => Deno.permissions.querySync(descriptor).state;
  const found = {
    starts: tried(() => new Deno.Command("/bin/true").outputSync()),
    loads: tried(() => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {})),
    writes: tried(() => Deno.writeTextFileSync("PROBE", "")),
    userId: tried(() => Deno.uid()),
    hostname: tried(() => Deno.hostname()),
    reads: tried(() => Deno.statSync("/")),
    otherProcesses: tried(() => Deno.readTextFileSync("/proc/1/environ")),
    run: state({ name: "run" }), ffi: state({ name: "ffi" }), sys: state({ name: "sys" }),
    imports: state({ name: "import" }),
  };`;

/** The same for every command of a built program. */
const LEAST = {
  starts: "NotCapable",
  loads: "NotCapable",
  writes: "ok",
  userId: "NotCapable",
  hostname: "ok",
  reads: "ok",
  otherProcesses: "NotCapable",
  run: "denied",
  ffi: "denied",
  sys: "prompt",
  imports: "denied",
};

Deno.test("what is built starts no program, loads no library and knows nothing of the system but its name", async () => {
  await using folder = await temporaryFolder();
  const { code, stderr, program } = await build("tree", folder.path);
  assert.equal(code, 0, stderr);
  // In the bundle's place, started by the same launcher with the same flags.
  const probe = ATTEMPTS.replace("PROBE", `${folder.path}/probe`);
  await Deno.writeTextFile(
    `${folder.path}/ranger-tree/ranger.js`,
    `${probe}\nconsole.log(JSON.stringify(found));`,
  );
  const outcome = await runProgram([program], []);
  assert.deepEqual(JSON.parse(outcome.stdout || outcome.stderr), LEAST);
});

Deno.test({
  name: "the executable carries the permissions that are declared, and no others",
  // The runtime under an executable cannot be had everywhere; CI names one in DENORT_BIN.
  ignore: !Deno.env.get("DENORT_BIN"),
  async fn() {
    await using folder = await temporaryFolder();
    const { code, stderr, program } = await build("executable", folder.path);
    assert.equal(code, 0, stderr);
    const text = new TextDecoder("latin1").decode(await Deno.readFile(program));
    // What deno compile writes behind the program, and its runtime reads at the start.
    const [, written = ""] = /"permissions":(\{[^{}]*\})/.exec(text) ?? [];
    const { prompt, ...flags }: Record<string, unknown> = JSON.parse(written);
    assert.equal(prompt, false);
    const declared = PERMISSIONS.filter((flag) => flag !== "--no-prompt").map((flag) => {
      const [name = "", values] = flag.slice(2).split("=");
      return [name.replace("-", "_"), values?.split(",") ?? []] as const;
    });
    // An empty list stands for all there is of the kind, null for nothing said.
    const { allow_import: _, ...carried } = flags;
    const said = Object.entries(carried).filter(([, value]) => value !== null);
    assert.deepEqual(Object.fromEntries(said), Object.fromEntries(declared));
  },
});

/** Starts what was built, as it was built, and looks at what is left to it once it serves. */
async function assertGivenUp(env: Record<string, string>, socket: "granted" | "prompt") {
  await using folder = await temporaryFolder();
  const { code, stderr, program } = await build("tree", folder.path);
  assert.equal(code, 0, stderr);
  const port = freePort();
  // Its own flags and its own code; only that one can look inside is added.
  const launcher = await Deno.readTextFile(program);
  const inspected = launcher.replace(" run ", ` run --inspect=127.0.0.1:${port} `);
  assert.notEqual(inspected, launcher);
  await Deno.writeTextFile(program, inspected);
  await using ranger = await startRanger({
    program: [program],
    args: ["--no-auth", "--amqp-url", "amqp://127.0.0.1:1"],
    env,
  });
  using inspector = await Inspector.connect(port);
  const probe = `${folder.path}/probe`;
  const attempts = ATTEMPTS.replace("PROBE", probe);
  const found = await inspector.evaluate(`(() => { ${attempts}; return found; })()`);
  assert.deepEqual(found, { ...LEAST, writes: "NotCapable" });
  await assert.rejects(Deno.stat(probe), Deno.errors.NotFound);
  const mayWrite = (path: string) =>
    inspector.evaluate(
      `Deno.permissions.querySync({ name: "write", path: ${JSON.stringify(path)} }).state`,
    );
  for (const path of ["/", "/etc/ranger/ranger.toml", program, probe]) {
    assert.equal(await mayWrite(path), "prompt", path);
  }
  for (const path of NOTIFY_SOCKETS) assert.equal(await mayWrite(path), socket, path);
  // Not granted is refused: nobody is asked, and it cannot be had back.
  const asked = await inspector.evaluate(
    `Deno.permissions.requestSync({ name: "write", path: "/" }).state`,
  );
  assert.notEqual(asked, "granted");
  assert.equal(ranger.logged(({ level }) => level === "fatal"), 0);
}

Deno.test("a server that runs has given up writing, and can do nothing else either", async () => {
  await assertGivenUp({}, "prompt");
});

Deno.test("a server that tells its manager by a file may write to that kind alone", async () => {
  await assertGivenUp({ NOTIFY_SOCKET: NOTIFY_SOCKETS[0]! }, "granted");
});
