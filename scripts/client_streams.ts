/**
 * Writes client/src/streams.ts, the names and payload types of the typed client, from the server's
 * registry.
 *
 *     deno run -A scripts/client_streams.ts           writes it
 *     deno run -A scripts/client_streams.ts --check   exits with 1 when it is not current
 */
import { toJSONSchema } from "zod";
import { peatioRegistry } from "../src/streams/peatio.ts";
import { formatted, writeOrCheck } from "./generated.ts";
import { typeOf } from "./json_schema_type.ts";

const HEAD = `/**
 * The streams that the server knows by name, and what each carries. Written by
 * scripts/client_streams.ts from the server's src/streams/peatio.ts: change it there.
 */

/** A decimal number as text, every digit kept: \`"0.00000001"\`. Compare with \`compareDecimals\`. */
export type Decimal = string;

/** Any text beside known words, which editors complete: exchanges and versions add others. */
// deno-lint-ignore ban-types
export type OtherText = string & {};
`;

const TAIL = `/**
 * What the stream of that name carries; \`unknown\` for a name that the server's registry has not.
 *
 * @example
 * \`\`\`ts
 * type Candle = PayloadOf<"btcusd.kline-1m">;
 * \`\`\`
 */
`;

interface Kind {
  readonly label: string;
  readonly scope: string;
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Of the type: `<id>.kline-<period>` is Kline. */
  readonly type: string;
  readonly schema: unknown;
  readonly description: string | undefined;
}

const kinds: Kind[] = peatioRegistry.kinds.map((
  { label, scope, words, payload },
) => ({
  label,
  scope,
  words,
  type: label.replace(/^(<[^>]+>|global)\./, "").replace(/<[^>]+>/g, "")
    .replace(
      /(?:^|[^a-z0-9]+)([a-z0-9]|$)/g,
      (_, letter: string) => letter.toUpperCase(),
    ),
  schema: toJSONSchema(payload),
  description: payload.description,
}));

/** `<id>.kline-<period>` as a template-literal type. */
function nameType({ label, words, type }: Kind): string {
  if (!label.includes("<")) return JSON.stringify(label);
  const text = label.replace(
    /<([^>]+)>/g,
    (_, parameter: string) => `\${${words[parameter] ? wordType(type, parameter) : "string"}}`,
  );
  return `\`${text}\``;
}

function wordType(type: string, parameter: string): string {
  return `${type}${parameter[0]!.toUpperCase()}${parameter.slice(1)}`;
}

/** The words of a kind's parameters, each list as a separate type. */
function wordTypes({ label, words, type }: Kind): string {
  return Object.entries(words).map(([parameter, list]) => {
    const union = list.map((word) => JSON.stringify(word)).join(" | ");
    const comment = `/** What \`<${parameter}>\` may be in \`${label}\`. */`;
    return `${comment}\nexport type ${wordType(type, parameter)} = ${union};\n\n`;
  }).join("");
}

function record(words: Kind["words"]): string {
  const entries = Object.entries(words).map(([name, list]) => `${name}: ${JSON.stringify(list)}`);
  return entries.length === 0 ? "" : `, words: {${entries}}`;
}

function sentence(text: string | undefined): string {
  return text === undefined ? "" : ` ${text}.`;
}

function source(): string {
  const types = kinds.map((kind) =>
    wordTypes(kind) +
    `/** What \`${kind.label}\` carries.${
      sentence(kind.description)
    } */\nexport type ${kind.type} = ${typeOf(kind.schema)};\n`
  );
  const payloads = kinds.map((kind) => `Name extends ${nameType(kind)} ? ${kind.type} :`);
  const table = kinds.map(({ label, scope, words }) =>
    `{ name: ${JSON.stringify(label)}, scope: "${scope}"${record(words)} }`
  );
  return [
    HEAD,
    ...types,
    `${TAIL}export type PayloadOf<Name extends string> = ${payloads.join(" ")} unknown;\n`,
    "/** A kind of stream, as the server's registry has it. */",
    "export interface StreamKind {",
    "  /** With its parameters: `<id>.kline-<period>`. */",
    "  readonly name: string;",
    '  readonly scope: "public" | "private";',
    "  /** The words that a parameter may be; one that is not listed is any word. */",
    "  readonly words?: Readonly<Record<string, readonly string[]>>;",
    "}\n",
    "/** The names of the private streams. */",
    `export const PRIVATE_STREAMS: readonly string[] = ${
      JSON.stringify(kinds.filter(({ scope }) => scope === "private").map(({ label }) => label))
    };\n`,
    "/** Every kind, for completion and help. */",
    `export const STREAM_KINDS: readonly StreamKind[] = [${table.join(",")}];\n`,
    "/** The streams whose names have no parameter. */",
    `export type PlainName = ${
      kinds.filter(({ label }) => !label.includes("<")).map(nameType).join(
        " | ",
      )
    };`,
  ].join("\n");
}

if (import.meta.main) {
  const text = await formatted(source(), "ts");
  await writeOrCheck(
    "client/src/streams.ts",
    "scripts/client_streams.ts",
    text,
  );
}
