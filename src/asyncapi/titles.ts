/** Titles of schemas: generators of models name their classes after them. */
import type { Schema } from "./types.ts";

/**
 * Gives a schema and all schemas in it a title, from its place: `Order`, `OrderPrice`. References
 * have the title of what they refer to; `not` has none, as no model is made from it.
 *
 * @example
 * ```ts
 * titled({ type: "array", items: { type: "string" } }, "Names");
 * // { title: "Names", type: "array", items: { title: "NamesItem", type: "string" } }
 * ```
 */
export function titled(schema: Schema, title: string): Schema {
  if (schema.$ref !== undefined) return schema;
  const { anyOf, properties, patternProperties, additionalProperties, items } = schema;
  const each = (schemas: readonly Schema[], part: string) =>
    schemas.map((member, at) => titled(member, `${title}${part}${at + 1}`));
  const named = (schemas: Readonly<Record<string, Schema>>, nameOf: (key: string) => string) =>
    Object.fromEntries(
      Object.entries(schemas).map(([key, member]) => [key, titled(member, title + nameOf(key))]),
    );
  return {
    title,
    ...schema,
    ...(anyOf && { anyOf: each(anyOf, "Form") }),
    ...(properties && { properties: named(properties, pascal) }),
    ...(patternProperties && { patternProperties: named(patternProperties, () => "Payload") }),
    ...(typeof additionalProperties === "object" &&
      { additionalProperties: titled(additionalProperties, `${title}Value`) }),
    ...(items && {
      items: Array.isArray(items) ? each(items, "Part") : titled(items as Schema, `${title}Item`),
    }),
  };
}

/** `created_at` becomes `CreatedAt`. */
function pascal(name: string): string {
  return name.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter) => letter.toUpperCase());
}
