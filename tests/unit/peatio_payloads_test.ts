import fc from "fast-check";
import assert from "node:assert/strict";
import { SIMULATED } from "../../src/streams/define_stream.ts";
import { peatioRegistry } from "../../src/streams/peatio.ts";
import type { StreamKind } from "../../src/streams/registry.ts";
import { type PayloadRow, PUBLISHED, scopeOf, WRONG } from "../support/peatio_payloads.ts";

function kindOf(row: PayloadRow): StreamKind {
  return peatioRegistry.find(scopeOf(row), row.stream) ?? assert.fail(row.stream);
}

for (const stream of new Set(PUBLISHED.map((row) => row.stream))) {
  Deno.test(`what exchanges publish as ${stream} fits its type, and wrong payloads do not`, () => {
    for (const [rows, expected] of [[PUBLISHED, true], [WRONG, false]] as const) {
      for (const row of rows.filter((row) => row.stream === stream)) {
        const payload = JSON.parse(row.json);
        assert.equal(kindOf(row).fits(payload), expected, `${row.what}: ${row.json}`);
        // Documents and types are made of the schema.
        assert.equal(kindOf(row).payload.safeParse(payload).success, expected, row.what);
      }
    }
  });
}

Deno.test("every registered kind accepts an example, and refuses a payload of another type", () => {
  for (const kind of peatioRegistry.kinds) {
    const published = PUBLISHED.filter((row) => kindOf(row) === kind)
      .map(({ json }) => JSON.parse(json));
    if (kind.example !== SIMULATED) published.push(kind.example);
    assert.ok(published.length > 0, kind.label);
    for (const payload of published) assert.ok(kind.fits(payload), kind.label);
    assert.ok(!kind.fits("another type"), kind.label);
  }
});

Deno.test("whether a payload fits is what its schema says, whatever it is", () => {
  const rows = [...PUBLISHED, ...WRONG];
  fc.assert(
    fc.property(
      fc.constantFrom(...rows),
      fc.constantFrom(...rows),
      fc.array(fc.nat(1000), { maxLength: 6 }),
      fc.oneof(fc.jsonValue(), fc.constantFrom("", "1", 0, -1, 2 ** 60, [], {}, null)),
      (row, other, path, value) => {
        const kind = kindOf(other.stream === row.stream ? row : other);
        const payload = changed(JSON.parse(row.json), path, value);
        assert.equal(kind.fits(payload), kind.payload.safeParse(payload).success);
      },
    ),
    { numRuns: 20_000 },
  );
});

/** A value of which one part is another value; which part, the path says. */
function changed(whole: unknown, path: readonly number[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof whole !== "object" || whole === null) return value;
  const names = Object.keys(whole);
  const name = names[first % names.length];
  if (name === undefined) return value;
  const part = changed((whole as Record<string, unknown>)[name], rest, value);
  if (Array.isArray(whole)) return whole.with(Number(name), part);
  return { ...whole, [name]: part };
}
