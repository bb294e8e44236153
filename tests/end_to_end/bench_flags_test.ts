/** What the benchmarks say when they are called wrongly: what is wrong, and the flags that there are. */
import assert from "node:assert/strict";
import { ROOT, runProgram } from "../../testing/program.ts";

const SOAK = "--minutes VALUE, --clients VALUE, --rate VALUE, --stream";

const wrong: [file: string, args: string[], message: string][] = [
  ["soak", ["--minutes", "-1"], "bench:soak: --minutes is -1; expected: a number above zero"],
  [
    "soak",
    ["--minutes"],
    `bench:soak: Option '--minutes <value>' argument missing; expected: ${SOAK}`,
  ],
  [
    "soak",
    ["--minutes", "--stream"],
    `bench:soak: Option '--minutes' argument is ambiguous; expected: ${SOAK}`,
  ],
  ["soak", ["--stream", "-1"], `bench:soak: Unknown option '-1'; expected: ${SOAK}`],
  ["soak", ["--minutes", "0"], "bench:soak: --minutes is 0; expected: a number above zero"],
  ["soak", ["--rate", "1e999"], "bench:soak: --rate is 1e999; expected: a number above zero"],
  ["soak", ["3"], `bench:soak: Unexpected argument '3'; expected: ${SOAK}`],
  [
    "hostile",
    ["--seconds", "-.5"],
    "bench:hostile: --seconds is -.5; expected: a number above zero",
  ],
  [
    "broker",
    ["--rounds", "-2"],
    "bench:broker: --rounds is -2; expected: a whole number above zero",
  ],
  [
    "broker",
    ["--rounds", "2.5"],
    "bench:broker: --rounds is 2.5; expected: a whole number above zero",
  ],
];

/** One that is not refused begins: without a folder for temporary files it ends there. */
const env = { TMPDIR: "/none" };

function run(file: string, args: readonly string[]) {
  const script = ["run", "-A", `${ROOT}bench/${file}.ts`, ...args];
  return runProgram([Deno.execPath()], script, { env });
}

Deno.test("a benchmark that is called wrongly says what is expected", async () => {
  for (const [file, args, message] of wrong) {
    const { code, stderr } = await run(file, args);
    assert.equal(stderr, `${message}\n`);
    assert.equal(code, 64);
  }
  const tasks = (await Deno.readTextFile(`${ROOT}deno.json`))
    .matchAll(/"(bench:[\w-]+)": \{[^}]*bench\/(\w+)\.ts"/g);
  const names = [];
  for (const [, name, file] of tasks) {
    const { code, stderr } = await run(file!, ["--x"]);
    assert.match(stderr, new RegExp(`^${name}: Unknown option '--x'; expected: --\\w.*\\n$`));
    assert.equal(code, 64);
    names.push(name);
  }
  assert.equal(names.length, 8, names.join(", "));
  const none = await run("losses", ["--only", "nothing"]);
  assert.match(none.stderr, /^bench:losses: --only fits none of: .*; .*\n$/);
  assert.equal(none.code, 64);
  const { stderr } = await run("run", ["--server-core", "-1"]);
  assert.match(stderr, /^bench: --server-core -1: not the number of a core$/m);
});
