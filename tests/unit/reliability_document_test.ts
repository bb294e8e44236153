import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** The source of a file of tests by its short name; undefined where there is none. */
function sourceOf(name: string): string | undefined {
  for (const lane of ["end_to_end", "unit", "browser"]) {
    try {
      return Deno.readTextFileSync(
        new URL(`tests/${lane}/${name.replaceAll(" ", "_")}_test.ts`, ROOT),
      );
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** The last cells of a document's tables, without their headings. */
function testCells(document: string): string[] {
  // Tables without tests are figures.
  return document.split("\n\n").filter((block) => /^\|[^\n]*\| test[^\n]*\|\n/.test(block))
    .flatMap((table) => table.split("\n"))
    .map((line) => line.split(" | ").at(-1)!.replace(/\s*\|$/, "").trim())
    .filter((cell) =>
      cell !== "" && !/^(-+|\|?\s*-.*|test|test, step|the same|as above.*)$/.test(cell)
    );
}

Deno.test("each test that docs/reliability.md cites exists", () => {
  const document = Deno.readTextFileSync(new URL("docs/reliability.md", ROOT));
  const missing: string[] = [];
  let cited = 0;
  for (const cell of testCells(document)) {
    // The document says so before the table of the exchange: its cells without a file are steps.
    let file = "hostile_exchange";
    for (const part of cell.split("; ")) {
      const [, name, rest] = /^([a-z_ ]+)(?:: |, )(.+)$/.exec(part) ?? [];
      const named = name !== undefined && sourceOf(name) !== undefined;
      if (named) file = name;
      // A title that ends with "…" is cited by its beginning.
      const title = (named ? rest! : part).replace(/ ?…$/, "");
      cited++;
      if (!sourceOf(file)!.includes(title)) missing.push(`${file}: ${title}`);
    }
  }
  assert.ok(cited > 60, `${cited} titles`);
  assert.deepEqual(missing, []);
});
