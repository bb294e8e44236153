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
  ["smoke", ["--x"], "bench:smoke: Unknown option '--x'; expected: --record"],
];

Deno.test("a benchmark that is called wrongly says what is expected", async () => {
  for (const [file, args, message] of wrong) {
    const script = `${ROOT}bench/${file}.ts`;
    const { code, stderr } = await runProgram([Deno.execPath()], ["run", "-A", script, ...args]);
    assert.equal(stderr, `${message}\n`);
    assert.equal(code, 64);
  }
  const script = `${ROOT}bench/run.ts`;
  const args = ["run", "-A", script, "--server-core", "-1"];
  const { stderr } = await runProgram([Deno.execPath()], args);
  assert.match(stderr, /^bench: --server-core -1: not the number of a core$/m);
});
