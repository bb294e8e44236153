import assert from "node:assert/strict";
import { parseEnvironmentFile } from "../../src/cli/check/environment_file.ts";

/**
 * Lines, and their values by systemd 252's own parser, as 30-systemd-environment-d-generator prints
 * them; that of those with a dollar sign, which only the generator expands, by its source.
 */
const LINES: readonly [text: string, values: Record<string, string>][] = [
  ["A=1\nB=2\n", { A: "1", B: "2" }],
  ["A=1\nA=2", { A: "2" }],
  ["  A = 1 \t\nB=\n", { A: "1", B: "" }],
  ["# A=1\n; B=2\n\n   # C=3\nD=4 # no comment\n", { D: "4 # no comment" }],
  ["A=a b  c\nB='a  b'\nC=\"a  b \"  \n", { A: "a b  c", B: "a  b", C: "a  b " }],
  ["A='it''s'\nB=\"a\"'b' \"c\"\n", { A: "its", B: "abc" }],
  ['A=a"b"\nB=pass\'word\n', { A: 'a"b"', B: "pass'word" }],
  ['A="\\"\\\\\\$\\`\\n"\nB=\'\\n\'\nC=\\"x\\$\\\\\n', { A: '"\\$`\\n', B: "\\n", C: '"x$\\' }],
  ['A=one\\\n  two\nB="a\\\nb"\n', { A: "one  two", B: "ab" }],
  ["A='one\ntwo'\nB=3\n", { A: "one\ntwo", B: "3" }],
  ["A=$HOME ${HOME} %d\n", { A: "$HOME ${HOME} %d" }],
  ["export A=1\n1B=2\nno value\nC=3\n", { C: "3" }],
  ["A=s/cret@=#x\n", { A: "s/cret@=#x" }],
  ["A='never ends\nB=1", { A: "never ends\nB=1" }],
  ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
];

Deno.test("an environment file is read as systemd reads it", () => {
  for (const [text, values] of LINES) {
    assert.deepEqual(Object.fromEntries(parseEnvironmentFile(text)), values, JSON.stringify(text));
  }
});
