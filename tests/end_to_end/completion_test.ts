import assert from "node:assert/strict";
import { commands } from "../../src/cli/run.ts";
import { eachSetting } from "../../src/config/settings.ts";
import { findExecutable } from "../../testing/executables.ts";
import { type Outcome, runProgram } from "../../testing/program.ts";
import { runRanger, temporaryFolder } from "../support/run_ranger.ts";

const FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin"];

async function written(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runRanger(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Runs a program where it is installed. */
async function runWhereInstalled(name: string, args: string[]): Promise<Outcome | undefined> {
  const file = findExecutable(name, FOLDERS);
  return file === undefined ? undefined : await runProgram([file], args);
}

Deno.test("bash completes commands, flags, values and files", async () => {
  await using folder = await temporaryFolder();
  const script = await folder.write("ranger.bash", await written("completion", "bash"));
  await folder.write("token.key", "");
  // As bash fills them in: = stands alone.
  const complete = async (...words: string[]) => {
    const outcome = await runProgram(["bash"], [
      "-c",
      'source "$1"; shift; COMP_WORDS=(ranger "$@"); COMP_CWORD=$#; COMP_LINE="ranger $*"; ' +
      "$(complete -p ranger | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\"",
      ...["bash", script, ...words],
    ], { cwd: folder.path });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.stderr, "");
    return outcome.stdout.split("\n").filter((line) => line !== "");
  };
  assert.deepEqual(await complete(""), commands.names);
  assert.deepEqual(await complete("ta"), ["tail"]);
  assert.deepEqual(await complete("tail", "--b"), ["--book"]);
  assert.deepEqual(await complete("tail", "gl"), ["global.tickers"]);
  assert.deepEqual(await complete("completion", ""), ["bash", "zsh", "fish"]);
  assert.deepEqual(await complete("help", "pub"), ["publish"]);
  // Settings, with and without the command that they are of.
  assert.deepEqual(await complete("serve", "--log-f"), ["--log-format"]);
  assert.deepEqual(await complete("--log-f"), ["--log-format"]);
  assert.deepEqual(await complete("--log-format", "j"), ["json"]);
  assert.deepEqual(await complete("check", "--log-format", "=", "t"), ["text"]);
  assert.deepEqual(await complete("check", "--log-format", "="), ["text", "json"]);
  assert.deepEqual(await complete("keygen", "--log-f"), []);
  assert.deepEqual(await complete("keygen", "--type", ""), ["rsa", "ed25519", "p256"]);
  assert.deepEqual(await complete("token", "--key", "to"), ["token.key"]);
  assert.deepEqual(await complete("serve", "--config", "to"), ["token.key"]);
  assert.deepEqual(await complete("tail", "--url", ""), []);
  const flags = await complete("demo", "--");
  for (const [, { flag }] of eachSetting()) assert.ok(flags.includes(`--${flag}`), flag);
});

Deno.test("zsh takes its completion for one, where it is installed", async () => {
  await using folder = await temporaryFolder();
  const text = await written("completion", "zsh");
  const script = await folder.write("_ranger", text);
  assert.match(text, /^#compdef ranger\n/);
  for (const name of commands.names) assert.ok(text.includes(`\n  ${name})\n`), name);
  assert.match(text, /'--log-format=\[.*\]:text\|json:\(text json\)'/);
  const checked = await runWhereInstalled("zsh", ["-n", script]);
  assert.deepEqual([checked?.code ?? 0, checked?.stderr ?? ""], [0, ""]);
  const loaded = await runWhereInstalled("zsh", [
    ...["-f", "-c"],
    'autoload -U compinit && compinit -D -u && source "$1" && print ${_comps[ranger]}',
    ...["zsh", script],
  ]);
  assert.equal(loaded?.stdout ?? "_ranger\n", "_ranger\n", loaded?.stderr);
});

Deno.test("fish completes, where it is installed", async () => {
  await using folder = await temporaryFolder();
  const text = await written("completion", "fish");
  const script = await folder.write("ranger.fish", text);
  for (const name of commands.names) assert.ok(text.includes(` -a ${name} -d `), name);
  const complete = async (line: string) => {
    const code = 'source $argv[1]; complete -C "$argv[2]"';
    const outcome = await runWhereInstalled("fish", ["--no-config", "-c", code, script, line]);
    if (outcome === undefined) return undefined;
    assert.equal(outcome.stderr, "");
    return outcome.stdout.trim().split("\n").map((found) => found.split("\t")[0]);
  };
  if (await complete("ranger ") === undefined) return;
  assert.deepEqual((await complete("ranger "))!.toSorted(), commands.names.toSorted());
  assert.deepEqual(await complete("ranger tail --bo"), ["--book"]);
  assert.deepEqual(await complete("ranger --log-fo"), ["--log-format"]);
  assert.deepEqual((await complete("ranger check --log-format "))!.toSorted(), ["json", "text"]);
  assert.deepEqual(await complete("ranger completion z"), ["zsh"]);
});

Deno.test("an unknown shell is refused with those that are known", async () => {
  const { code, output } = await runRanger(["completion", "csh"]);
  assert.equal(code, 78);
  assert.match(output, /unknown shell; (did you mean zsh\?|expected bash, zsh, fish)/);
});

Deno.test("the manual page has every command, flag and setting, and is sound roff", async () => {
  await using folder = await temporaryFolder();
  const page = await written("help", "--man");
  const path = await folder.write("ranger.1", page);
  // deno-lint-ignore no-control-regex
  assert.ok(/^[\x00-\x7f]*$/.test(page), "ASCII alone");
  const flag = (name: string) => `\\fB${`--${name}`.replaceAll("-", "\\-")}\\fR`;
  for (const { name, options = {} } of await commands.all()) {
    assert.ok(page.includes(`\n.SS "${name}"\n`), name);
    for (const option of Object.keys(options)) assert.ok(page.includes(flag(option)), option);
  }
  for (const [key, setting] of eachSetting()) {
    assert.ok(page.includes(flag(setting.flag)), setting.flag);
    assert.ok(page.includes(`File: ${key}.`), key);
  }
  const groff = await runWhereInstalled("groff", ["-man", "-Tutf8", "-ww", "-z", path]);
  assert.deepEqual([groff?.code ?? 0, groff?.stderr ?? ""], [0, ""]);
  const mandoc = await runWhereInstalled("mandoc", ["-Tlint", "-Wwarning", path]);
  const remarks = (mandoc?.stdout ?? "").split("\n").filter((line) => line !== "");
  // The page is of a version, not of a day.
  assert.deepEqual(remarks.filter((line) => !line.includes("missing date")), []);
});
