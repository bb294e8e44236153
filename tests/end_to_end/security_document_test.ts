import assert from "node:assert/strict";
import { ROOT } from "../../testing/program.ts";

/** An entry of the document: a file of tests, and the name of one of them. */
const NAMED = /^- `(tests\/[\w/]+_test\.ts)`: (.+)$/gm;

Deno.test("each threat of SECURITY.md names tests, and each test that it names exists", async () => {
  const document = (await Deno.readTextFile(`${ROOT}SECURITY.md`))
    // A name may go on in the next line.
    .replace(/\n {2}(?=\S)/g, " ");
  const [, ...threats] = document.split(/^### /m);
  assert.ok(threats.length >= 9, "the threats are sections");
  for (const threat of threats) {
    const [title] = threat.split("\n");
    const named = [...threat.matchAll(NAMED)];
    assert.ok(named.length > 0, `${title} names no test`);
    for (const [, file, name] of named) {
      const source = await Deno.readTextFile(`${ROOT}${file}`).catch(() => "");
      assert.ok(source.includes(JSON.stringify(name)), `${file} has no test ${name}`);
    }
  }
});
