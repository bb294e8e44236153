import assert from "node:assert/strict";
import { lockOf, packagesOfProgram } from "../../scripts/run_lock.ts";

const ROOT = new URL("../../", import.meta.url);

const LOCK = {
  version: "5",
  specifiers: {
    "npm:@a/server@1.0.0": "1.0.0_b@2.0.0",
    "npm:b@2.0.0": "2.0.0",
    "npm:tests@3.0.0": "3.0.0",
  },
  npm: {
    "@a/server@1.0.0_b@2.0.0": { integrity: "sha512-a", dependencies: ["b", "c@1.1.0"] },
    "b@2.0.0": { integrity: "sha512-b" },
    "c@1.0.0": { integrity: "sha512-c" },
    "c@1.1.0": { integrity: "sha512-d", dependencies: ["b"] },
    "tests@3.0.0": { integrity: "sha512-e", dependencies: ["c@1.0.0"] },
  },
  workspace: { dependencies: ["npm:b@2.0.0", "npm:tests@3.0.0"] },
};

Deno.test("the lock file of a run has what the program imports, and what that depends on", () => {
  assert.deepEqual(lockOf(LOCK, ["npm:@a/server@1.0.0"]), {
    ...LOCK,
    specifiers: { "npm:@a/server@1.0.0": "1.0.0_b@2.0.0" },
    npm: {
      "@a/server@1.0.0_b@2.0.0": LOCK.npm["@a/server@1.0.0_b@2.0.0"],
      "b@2.0.0": LOCK.npm["b@2.0.0"],
      "c@1.1.0": LOCK.npm["c@1.1.0"],
    },
  });
});

Deno.test("a package that deno.lock lacks, and one that it cannot tell apart, are refused", () => {
  assert.throws(() => lockOf(LOCK, ["npm:d@1.0.0"]), /deno\.lock has no d@undefined/);
  const lock = { ...LOCK, npm: { ...LOCK.npm, "b@2.0.0": { dependencies: ["c"] } } };
  assert.throws(() => lockOf(lock, ["npm:b@2.0.0"]), /deno\.lock has several c/);
});

Deno.test("the program imports no package that deno.json has for tests, benchmarks or the page", async () => {
  const text = await Deno.readTextFile(new URL("deno.json", ROOT));
  // Each package stands behind a comment that says what it is for.
  const purpose =
    /\/\/ (?:Tests only|Tests and benchmarks only|The live page only)[^\n]*\n\s+"[^"]+": "(npm:[^"]+)"/g;
  const others = [...text.matchAll(purpose)].map(([, specifier]) => specifier!);
  assert.ok(others.length >= 6, others.join());
  const used = await packagesOfProgram();
  assert.ok(used.some((specifier) => specifier.startsWith("npm:hono@")), used.join());
  assert.deepEqual(used.filter((specifier) => others.includes(specifier)), []);
});
