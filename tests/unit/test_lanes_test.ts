import assert from "node:assert/strict";
import { againPart, partsOf } from "../../scripts/test_parts.ts";

const ROOT = new URL("../../", import.meta.url);

/** All sources below a folder, by their paths from the root. */
function* sourcesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* sourcesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

/** The modules that a source imports, by their paths from the root; examples in comments aside. */
function importsOf(file: string): string[] {
  const source = Deno.readTextFileSync(new URL(file, ROOT));
  return [...source.matchAll(/^(?! *\* ).*\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/gm)]
    .map(([, to]) => new URL(to!, new URL(file, ROOT)).href.slice(ROOT.href.length));
}

Deno.test("what bench/, scripts/ and testing/ import is not in tests/", () => {
  for (const folder of ["bench/", "scripts/", "testing/"]) {
    const files = [...sourcesIn(folder)];
    assert.ok(files.length > 10);
    for (const file of files) {
      assert.deepEqual(importsOf(file).filter((to) => to.startsWith("tests/")), [], file);
    }
  }
});

Deno.test("unit tests import nothing that starts a program, a broker or a browser", () => {
  const starters = ["rabbitmq", "chromium", "browser", "ranger", "processes"]
    .map((name) => `testing/${name}.ts`);
  const seen = new Set<string>();
  const queue = [...sourcesIn("tests/unit/")];
  assert.ok(queue.length > 40);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    assert.ok(!starters.includes(file), `${file} is imported`);
    queue.push(...importsOf(file).filter((to) => /^(tests|testing)\//.test(to)));
  }
});

Deno.test("the unit lane is tests/unit and nothing else; flags are passed on", () => {
  assert.deepEqual(partsOf(["unit", "--filter", "book"]), [
    { name: "unit", args: ["--parallel", "--filter", "book", "tests/unit"], extraJobs: 1 },
  ]);
  assert.deepEqual(partsOf(["tests/x_test.ts"]), [{ name: "as named", args: ["tests/x_test.ts"] }]);
  assert.deepEqual(partsOf([]).map(({ name }) => name), ["in parallel", "alone"]);
});

Deno.test("up to five files that failed beside others run again alone", () => {
  const [parallel, alone] = partsOf([]);
  const files = Array.from({ length: 6 }, (_, at) => `tests/end_to_end/t${at}_test.ts`);
  assert.deepEqual(againPart(parallel!, files.slice(0, 5))?.args, files.slice(0, 5));
  assert.equal(againPart(parallel!, files), undefined);
  assert.equal(againPart(parallel!, []), undefined);
  assert.equal(againPart(alone!, files.slice(0, 1)), undefined);
  assert.equal(againPart(partsOf(["unit"])[0]!, files.slice(0, 1)), undefined);
  assert.equal(againPart(partsOf(files.slice(0, 1))[0]!, files.slice(0, 1)), undefined);
});
