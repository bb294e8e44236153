import assert from "node:assert/strict";
import { failedFiles, failureLines, failuresIn } from "../../scripts/test_failures.ts";

/** As `deno test --junit-path` writes it (Deno 2.9): a step of a shared helper, a skipped test. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="2" errors="0" time="0.059">
    <testsuite name="./tests/unit/a_test.ts" tests="4" disabled="1" errors="0" failures="2">
        <testcase name="outer" classname="./tests/unit/a_test.ts" time="0.002" line="1" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="fine" classname="./tests/unit/a_test.ts" time="0.000" line="2" col="6">
        </testcase>
        <testcase name="left out" classname="./tests/unit/a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
    </testsuite>
    <testsuite name="./tests/support/helper.ts" tests="1" disabled="0" errors="0" failures="1">
        <testcase name="outer &gt; in &lt;x&gt;" classname="./tests/support/helper.ts" time="0.001" line="1" col="43">
            <failure message="Uncaught Error: boo">Error: boo
    at file:///a_test.ts:1:72</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("what failed is named with its file and the first line of its error", () => {
  const failures = failuresIn(REPORT);
  assert.deepEqual(failures, [
    { file: "tests/unit/a_test.ts", title: "outer", message: "1 test step failed" },
    { file: "tests/support/helper.ts", title: "outer > in <x>", message: "Uncaught Error: boo" },
  ]);
  assert.deepEqual(failedFiles(failures), ["tests/unit/a_test.ts"]);
  assert.deepEqual(failureLines(failures, "failed:"), [
    "failed:",
    "  tests/unit/a_test.ts: outer: 1 test step failed",
    "  tests/support/helper.ts: outer > in <x>: Uncaught Error: boo",
  ]);
});

Deno.test("a run in which nothing failed names nothing", () => {
  assert.deepEqual(failuresIn(REPORT.replace(/<failure[^]*?<\/failure>/g, "")), []);
  assert.deepEqual(failureLines([], "failed:"), []);
});
