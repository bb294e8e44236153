import { RARE } from "../streams/define_stream.ts";
import type { Schema } from "./types.ts";

/** The fields of one form of a payload. */
export interface Fields {
  /** Which of several forms it is; empty if there is only one. */
  readonly title: string;
  readonly rows: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/**
 * The fields of a payload for the page: one table for each form of it; nested fields by their path,
 * such as `trades[].price`.
 *
 * @example
 * ```ts
 * fieldsOf({ type: "object", properties: { id: { type: "string" } }, required: ["id"] });
 * // [{ title: "", rows: [{ name: "id", type: "text", required: true }] }]
 * ```
 */
export function fieldsOf(schema: Schema): Fields[] {
  const forms = schema.anyOf ?? [schema];
  return forms.map((form, at) => ({
    title: forms.length === 1 ? "" : titleOf(form, at),
    rows: rowsOf(form, "", true),
  }));
}

function titleOf(form: Schema, at: number): string {
  if (at === 0) return "Now:";
  return form[RARE] ? "Or, of few exchanges:" : "Or, of other generations:";
}

function rowsOf(schema: Schema, path: string, required: boolean): Field[] {
  const { properties, items, additionalProperties } = schema;
  if (properties && Object.keys(properties).length > 0) {
    return Object.entries(properties).filter(([, field]) => !field.not).flatMap(([name, field]) =>
      rowsOf(
        field,
        path === "" ? name : `${path}.${name}`,
        schema.required?.includes(name) ?? false,
      )
    );
  }
  if (isObject(additionalProperties) && Object.keys(additionalProperties).length > 0) {
    return rowsOf(additionalProperties, path === "" ? "<name>" : `${path}.<name>`, true);
  }
  if (items && !Array.isArray(items) && isNested(items as Schema)) {
    const [first] = (items as Schema).anyOf ?? [items as Schema];
    return rowsOf(first!, `${path}[]`, true);
  }
  if (path === "" && Array.isArray(items)) {
    return items.map((item: Schema, at) => ({
      name: `[${at}]`,
      type: typeOf(item),
      required: true,
    }));
  }
  return [{ name: path || "(payload)", type: typeOf(schema), required }];
}

function isNested({ properties, anyOf }: Schema): boolean {
  return properties !== undefined || (anyOf?.some((one) => one.properties !== undefined) ?? false);
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null;
}

/** @param this the schema of the list, with the minimum number of parts */
function partOf(this: Schema, item: Schema, at: number): string {
  return typeOf(item) + (at < (this.minItems ?? Infinity) ? "" : " (may be missing)");
}

function textOf({ pattern, examples }: Schema): string {
  if (examples) return [...examples, "another text"].join(", ");
  if (!pattern?.includes("\\d+(\\.\\d+)?([eE]")) return "text";
  const others = ["", "NaN"].filter((other) => new RegExp(pattern).test(other));
  return ["decimal text", ...others.map((other) => JSON.stringify(other))].join(" or ");
}

/** In words: `decimal text or number`, `buy or sell`, `[decimal text, decimal text]`. */
function typeOf(schema: Schema): string {
  const { anyOf, const: only, enum: words, type, items } = schema;
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(" or ");
  if (words) return words.join(", ");
  if (only !== undefined) return String(only);
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(" or ");
  if (type === "string") return textOf(schema);
  if (type === "integer") return "whole number";
  if (type === "null") return "null";
  if (type === "array") {
    if (Array.isArray(items)) return `[${items.map(partOf, schema).join(", ")}]`;
    return `list of ${typeOf((items as Schema | undefined) ?? {})}`;
  }
  if (type === "object") return "object";
  return typeof type === "string" ? type : "anything";
}
