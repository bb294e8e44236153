import assert from "node:assert/strict";
import { fileTimes, timeLines } from "../../scripts/test_times.ts";

/** As `deno test --junit-path` writes it (Deno 2.9), for a test with a step and for an empty file. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="0" errors="0" time="2.704">
    <testsuite name="./tests/unit/a_test.ts" tests="3" disabled="0" errors="0" failures="0">
        <testcase name="one" classname="./tests/unit/a_test.ts" time="1.500" line="22" col="6">
        </testcase>
        <testcase name="one &gt; its step" classname="./tests/unit/a_test.ts" time="1.200" line="23" col="6">
        </testcase>
        <testcase name="two" classname="./tests/unit/a_test.ts" time="0.250" line="27" col="6">
        </testcase>
    </testsuite>
    <testsuite name="./tests/support/helper.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="one &gt; shared step" classname="./tests/support/helper.ts" time="0.100" line="3" col="1">
        </testcase>
    </testsuite>
    <testsuite name="./tests/unit/b_test.ts" tests="0" disabled="0" errors="0" failures="0">
    </testsuite>
</testsuites>`;

Deno.test("the time of a file is that of its tests; steps are not counted twice", () => {
  assert.deepEqual(fileTimes(REPORT), [
    { file: "tests/unit/a_test.ts", seconds: 1.75 },
    { file: "tests/unit/b_test.ts", seconds: 0 },
  ]);
});

Deno.test("a run ends with all files by name and the ten slowest", () => {
  const times = Array.from({ length: 12 }, (_, at) => ({ file: `f${at + 10}`, seconds: at }));
  const lines = timeLines(times.toReversed());
  const at = lines.indexOf("slowest:");
  assert.equal(lines.slice(1, at).length, 12);
  assert.ok(lines[1]!.endsWith("0.0 s  f10"));
  assert.deepEqual(
    lines.slice(at + 1).map((line) => line.split("s  ")[1]),
    ["f21", "f20", "f19", "f18", "f17", "f16", "f15", "f14", "f13", "f12"],
  );
  assert.deepEqual(timeLines(times.slice(0, 1)), [], "one file needs no list");
});
