import assert from "node:assert/strict";
import * as z from "zod";
import { compileCheck } from "../../src/streams/compile_check.ts";
import { PEATIO_STREAMS } from "../../src/streams/peatio.ts";
import { Registry } from "../../src/streams/registry.ts";
import { PUBLISHED, scopeOf, WRONG } from "../support/peatio_payloads.ts";

/** Values of every JSON type, and values at the edges of the restrictions. */
const VALUES = [
  ...[null, true, "", "a", "12", "-1", "1.5", 0, -1, 1, 1.5, 2 ** 53 - 1, 2 ** 53, Infinity],
  ...[[], ["a"], ["a", 1], ["a", 1, null], [["a"]], {}, { a: 1 }, { a: "a", b: 2 }, { b: null }],
];

const SCHEMAS: readonly z.ZodType[] = [
  z.string(),
  z.string().regex(/^\d+$/),
  z.number(),
  z.number().gt(0),
  z.number().gte(0).lt(2 ** 53),
  z.number().lte(1),
  z.int(),
  z.int().nonnegative(),
  z.null(),
  z.unknown(),
  z.never(),
  z.enum(["a", "b"]),
  z.union([z.string(), z.number()]),
  z.string().nullable(),
  z.array(z.string()),
  z.tuple([z.string(), z.number()]),
  z.tuple([z.string(), z.number().optional()]),
  z.tuple([z.string(), z.number(), z.null().optional()]),
  z.looseObject({}),
  z.looseObject({ a: z.string() }),
  z.looseObject({ a: z.string().optional(), b: z.number().nullish() }),
  z.looseObject({ a: z.never().optional() }),
  z.record(z.string(), z.number()),
  // These are left to zod.
  z.object({ a: z.number() }),
  z.strictObject({ a: z.number() }),
  z.string().email(),
  z.string().min(1),
  z.number().multipleOf(0.5),
  z.array(z.string()).min(1),
  z.tuple([z.string()], z.number()),
  z.record(z.string().regex(/^b$/), z.unknown()),
  z.looseObject({ a: z.boolean() }),
  z.union([z.literal("a"), z.boolean()]),
  z.string().refine((text) => text.length === 1),
  z.looseObject({ a: z.string() }).refine(({ a }) => a === "b"),
];

Deno.test("a compiled check says what the schema says", () => {
  for (const schema of SCHEMAS) {
    const check = compileCheck(schema);
    for (const value of VALUES) {
      assert.equal(
        check(value),
        schema.safeParse(value).success,
        `${JSON.stringify(value)} as ${JSON.stringify(schema._zod.def)}`,
      );
    }
  }
});

Deno.test("strict mode checks every kind of stream without zod", () => {
  const payloads = PEATIO_STREAMS.flatMap((definition) =>
    definition.delivery === "plain"
      ? [definition.payload]
      : [definition.snapshot, definition.increment]
  );
  const parsers = payloads.map(({ safeParse }) => safeParse);
  try {
    for (const payload of payloads) payload.safeParse = () => assert.fail("zod was asked");
    const registry = new Registry(PEATIO_STREAMS);
    for (const row of [...PUBLISHED, ...WRONG]) {
      registry.find(scopeOf(row), row.stream)!.fits(JSON.parse(row.json));
    }
  } finally {
    for (const [at, payload] of payloads.entries()) payload.safeParse = parsers[at]!;
  }
});
