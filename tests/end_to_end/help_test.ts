import assert from "node:assert/strict";
import { runProgram } from "../../testing/program.ts";
import { commands } from "../../src/cli/run.ts";
import { FORMER_FLAGS, SETTINGS_FLAGS } from "../../src/config/flag_catalog.ts";
import { eachSetting } from "../../src/config/settings.ts";
import { COMMIT, VERSION } from "../../src/version.ts";
import { runRanger } from "../support/run_ranger.ts";

Deno.test("every command is listed with its name and a summary", async () => {
  const { code, stdout } = await runRanger(["help"]);
  assert.equal(code, 0);
  for (const name of commands.names) {
    const command = await commands.find(name);
    assert.equal(command.name, name);
    assert.ok(stdout.includes(`\n  ${name.padEnd(12)}${command.summary}`), stdout);
  }
});

Deno.test("help in its three forms is the same", async () => {
  const [help, flag, letter] = await Promise.all(
    [["help"], ["--help"], ["-h"]].map((args) => runRanger(args)),
  );
  assert.equal(flag?.stdout, help?.stdout);
  assert.equal(letter?.stdout, help?.stdout);
});

for (const name of commands.names) {
  Deno.test(`${name} --help shows usage, an example and every flag`, async () => {
    const command = await commands.find(name);
    const { code, stdout, stderr } = await runRanger([name, "--help"]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    for (const text of [command.summary, command.usage, command.example]) {
      for (const line of text.split("\n")) assert.ok(stdout.includes(line), line);
    }
    assert.match(stdout, /\nUsage:\n {2}ranger/);
    assert.match(stdout, /\nExample:\n {2}/);
    for (const option of Object.keys(command.options ?? {})) {
      assert.ok(stdout.includes(`\n  --${option}`), option);
    }
    const settings = eachSetting().filter(([, { flag }]) =>
      new RegExp(`^ {2}--${flag}[ ,]`, "m").test(stdout)
    );
    assert.equal(settings.length, command.settings ? eachSetting().length : 0);
    assert.equal((await runRanger(["help", name])).stdout, stdout);
  });
}

Deno.test("help is shown wherever --help stands, whatever else is wrong", async () => {
  const { code, stdout } = await runRanger(["check", "--prot", "1", "loose", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /ranger check \[FLAGS\]/);
});

Deno.test("no flag of a command hides a flag of the settings", async () => {
  const taken = new Set([...SETTINGS_FLAGS, ...FORMER_FLAGS].map(({ name }) => name));
  for (const { name, options, settings } of await commands.all()) {
    for (const option of Object.keys(options ?? {})) {
      assert.ok(!(settings && taken.has(option)), `${name} --${option}`);
    }
  }
});

Deno.test("an unknown command is refused with the nearest one", async () => {
  const { code, stdout, stderr } = await runRanger(["chekc"]);
  assert.equal(stderr, "ranger: unknown command chekc; did you mean check?\n");
  assert.equal(code, 78);
  assert.equal(stdout, "");
  const far = await runRanger(["wombat"]);
  assert.equal(
    far.stderr,
    "ranger: unknown command wombat; the commands are " +
      "serve, demo, check, health, keygen, token, publish, asyncapi, tail, bench, completion, help, version\n",
  );
  const asked = await runRanger(["help", "kegen"]);
  assert.match(asked.stderr, /did you mean keygen\?/);
  assert.equal(asked.code, 78);
});

Deno.test("what a command does not take is refused with its usage", async () => {
  const flag = await runRanger(["keygen", "--port", "1"]);
  assert.match(
    flag.stderr,
    /^ranger: keygen: unknown flag --port; .*\n\nUsage: ranger keygen /,
  );
  assert.equal(flag.code, 78);
  const argument = await runRanger(["version", "please"]);
  assert.match(argument.stderr, /^ranger: version: it takes no arguments, only flags\n/);
  assert.equal(argument.code, 78);
  const many = await runRanger(["help", "one", "two"]);
  assert.match(many.stderr, /^ranger: help: it takes one argument and no more\n/);
});

Deno.test("a command after its flags is refused with the right order", async () => {
  const { code, stderr } = await runRanger(["--no-auth", "check"]);
  assert.equal(stderr, "ranger: the command comes first; expected ranger check [FLAGS]\n");
  assert.equal(code, 78);
});

Deno.test("version prints version, commit and runtime, as command and as flag", async () => {
  const { code, stdout } = await runRanger(["version"]);
  assert.equal(code, 0);
  const [version, commit, runtime] = stdout.split("\n");
  assert.equal(version, `ranger ${VERSION}`);
  assert.match(commit ?? "", /^commit ([0-9a-f]{7,40}(-dirty)?|unknown)$/);
  if (Deno.env.get("RANGER_BIN") === undefined) assert.equal(commit, `commit ${COMMIT}`);
  assert.match(runtime ?? "", /^runtime deno \d+\.\d+\.\d+, v8 [^,]+, typescript [^,]+, \w+ \w+$/);
  assert.equal((await runRanger(["--version"])).stdout, stdout);
  assert.equal((await runRanger(["check", "--version"])).stdout, stdout);
});

Deno.test("version --json prints one object, for scripts", async () => {
  const { code, stdout } = await runRanger(["version", "--json"]);
  assert.equal(code, 0);
  const { version, commit, runtime, ...others } = JSON.parse(stdout);
  assert.deepEqual(others, {});
  assert.equal(version, VERSION);
  assert.match(commit, /^([0-9a-f]{7,40}(-dirty)?|unknown)$/);
  const { v8, typescript } = runtime;
  assert.deepEqual(runtime, { deno: runtime.deno, v8, typescript, ...hostOf(runtime) });
  assert.match(runtime.deno, /^\d+\.\d+\.\d+$/);
  assert.equal(stdout.trim().split("\n").length, 1);
});

function hostOf({ os, arch }: { os: string; arch: string }) {
  assert.equal(os, "linux");
  assert.match(arch, /^(x86_64|aarch64)$/);
  return { os, arch };
}

Deno.test("every file that has the version has the same one", async () => {
  const script = new URL("../../scripts/set_version.sh", import.meta.url).pathname;
  const { code, stderr } = await runProgram([script], ["--check", VERSION]);
  assert.equal(code, 0, stderr);
});
