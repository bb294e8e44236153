import assert from "node:assert/strict";
import { describeServer } from "../../src/asyncapi/document.ts";

/** The members of a schema that are schemas, or lists of them. */
const SCHEMAS = ["items", "additionalProperties", "anyOf"] as const;
/** The members that have schemas by name. */
const NAMED = ["properties", "patternProperties"] as const;

function checkTitles(schema: unknown, path: string, seen: Set<string>): void {
  if (Array.isArray(schema)) {
    return schema.forEach((member, at) => checkTitles(member, `${path}/${at}`, seen));
  }
  if (typeof schema !== "object" || schema === null || "$ref" in schema) return;
  const members = schema as Record<string, unknown>;
  assert.equal(typeof members.title, "string", `${path} has no title`);
  assert.ok(!seen.has(members.title as string), `${path}: ${members.title} is not unique`);
  seen.add(members.title as string);
  for (const key of SCHEMAS) checkTitles(members[key], `${path}/${key}`, seen);
  for (const key of NAMED) {
    for (const [name, member] of Object.entries(members[key] ?? {})) {
      checkTitles(member, `${path}/${key}/${name}`, seen);
    }
  }
}

Deno.test("every schema has a title that no other has", () => {
  const { components } = describeServer();
  const seen = new Set<string>();
  for (const [key, schema] of Object.entries(components.schemas)) checkTitles(schema, key, seen);
  for (const [key, { payload }] of Object.entries(components.messages)) {
    checkTitles(payload, key, seen);
  }
  assert.ok(seen.size > 100, `${seen.size} schemas`);
});
