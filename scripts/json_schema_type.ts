import { RARE } from "../src/streams/define_stream.ts";

/** The part of JSON Schema (draft 2020-12) that zod writes for payloads. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly pattern?: string;
  /** The known words, where any other text may come too. */
  readonly examples?: readonly unknown[];
  readonly [RARE]?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** Only of fields that must be absent. */
  readonly not?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly items?: Schema | false;
}

/**
 * A JSON Schema as a TypeScript type, for readers of the described values. In a choice between
 * objects each has the fields of the others as absent ones, so that a field can be looked at
 * before it is known which one it is. Fields and forms that the schema only tolerates are left out.
 *
 * @throws TypeError for what zod is not known to write
 *
 * @example
 * ```ts
 * typeOf({ type: "array", items: { type: "string" } }); // "string[]"
 * ```
 */
export function typeOf(json: unknown): string {
  const schema = json as Schema;
  if (schema.anyOf) return choice(schema.anyOf);
  if (schema.enum) {
    return literals(schema.enum);
  }
  if ("const" in schema) return JSON.stringify(schema.const);
  const { type } = schema;
  if (type === undefined) return "unknown";
  if (typeof type !== "string") {
    return type.map((one) => typeOf({ ...schema, type: one })).join("|");
  }
  switch (type) {
    case "string":
      return text(schema);
    case "number":
    case "integer":
      return "number";
    case "boolean":
    case "null":
      return type;
    case "array":
      if (schema.prefixItems) {
        return tuple(schema.prefixItems, schema.minItems);
      }
      return arrayOf(typeOf(schema.items || {}));
    case "object":
      return object(schema, []);
    default:
      throw new TypeError(
        `no TypeScript type is known for ${JSON.stringify(schema)}`,
      );
  }
}

function literals(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" | ");
}

function text({ pattern, examples }: Schema): string {
  // Any text, of which editors complete the known ones.
  if (examples) return `${literals(examples)} | OtherText`;
  if (!pattern?.includes("\\d+(\\.\\d+)?([eE]")) return "string";
  const others = ["", "NaN"].filter((other) => new RegExp(pattern).test(other));
  return ["Decimal", ...others.map((other) => JSON.stringify(other))].join(" | ");
}

/** @param least number of required items; the others are optional */
function tuple(items: readonly Schema[], least = items.length): string {
  const types = items.map(typeOf).map((type, at) => {
    if (at < least) return type;
    return /^\w+$/.test(type) ? `${type}?` : `(${type})?`;
  });
  return `[${types.join(", ")}]`;
}

function choice(all: readonly Schema[]): string {
  const among = all.filter((schema) => !schema[RARE]);
  const names = new Set(
    among.flatMap(({ properties }) => Object.keys(properties ?? {})),
  );
  const types = among.map((schema) =>
    schema.properties ? object(schema, [...names]) : typeOf(schema)
  );
  return [...new Set(types)].join(" | ");
}

function arrayOf(item: string): string {
  return /^\w+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function object(schema: Schema, names: readonly string[]): string {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (schema.propertyNames) {
    return `Record<string, ${typeOf(additionalProperties || {})}>`;
  }
  if (Object.keys(properties).length + names.length === 0) {
    return "Record<string, unknown>";
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const comment = field.description ? `/** ${field.description} */\n` : "";
    const optional = required.includes(name) ? "" : "?";
    const type = field.not ? "undefined" : typeOf(field) + (optional && " | undefined");
    return `${comment}${key(name)}${optional}: ${type};`;
  });
  const absent = names.filter((name) => !(name in properties))
    .map((name) => `${key(name)}?: undefined;`);
  return `{\n${[...fields, ...absent].join("\n")}\n}`;
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
