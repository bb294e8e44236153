/** The parts of AsyncAPI 3.0 that are used here (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */

import type { RARE } from "../streams/define_stream.ts";

/** A JSON Schema of draft 7, which AsyncAPI's own schema objects extend. */
export interface Schema {
  readonly $ref?: string;
  /** Generated models have it as their name; see titles.ts. */
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly maxLength?: number;
  /** Only of fields that must be absent. */
  readonly not?: Schema;
  /** The known words of a field that may be any text. */
  readonly examples?: readonly unknown[];
  readonly [RARE]?: boolean;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | readonly Schema[];
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

export interface Reference {
  readonly $ref: string;
}

export interface Example {
  readonly name: string;
  readonly payload: unknown;
}

export interface Message {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly contentType: string;
  readonly tags?: readonly { readonly name: string }[];
  readonly payload: Schema;
  readonly examples: readonly Example[];
}

export interface Server {
  readonly host: string;
  readonly protocol: string;
  readonly pathname: string;
  readonly description: string;
  readonly security?: readonly Reference[];
}

export interface Operation {
  readonly action: "send" | "receive";
  readonly summary: string;
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
  readonly security?: readonly Reference[];
}

export interface Document {
  readonly asyncapi: "3.0.0";
  readonly id: string;
  readonly info: Readonly<Record<string, unknown>> & {
    readonly title: string;
    readonly version: string;
    readonly description: string;
  };
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, Server>>;
  readonly channels: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}
