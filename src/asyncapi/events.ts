import { toJSONSchema } from "zod";
import { type SampleEvent, sampleEvents } from "../source/simulator/samples.ts";
import { exampleEvents } from "../streams/examples.ts";
import { peatioRegistry } from "../streams/peatio.ts";
import type { StreamKind } from "../streams/registry.ts";
import { parseRoutingKey } from "../streams/routing_key.ts";
import type { Message, Schema } from "./types.ts";

/** A kind of stream in the document. */
export interface EventKind {
  /** `<id>.kline-<period>` */
  readonly label: string;
  /** The key of the message: `obSnap`; the schema has it capitalised. */
  readonly key: string;
  readonly scope: StreamKind["scope"];
  readonly schema: Schema;
  readonly message: Message;
}

/** Only for connections that asked for cursors. */
const CURSOR: Schema = {
  type: "string",
  maxLength: 40,
  pattern: "^[A-Za-z0-9_-]+$",
  description:
    "Where the event is in the exchange's log; only for connections that asked for cursors",
};

const CHECKSUM: Schema = {
  type: "integer",
  description:
    "CRC-32 of the best ten levels of the book that this leads to; only for connections that asked " +
    "for checksums",
};

/** The time of the examples, in seconds since the epoch. */
const EXAMPLE_TIME = 1_588_000_798;

/** The market and the user in the examples. */
const SUBJECT = { market: "btcusd", uid: "ID123" };

/**
 * Every registered kind of stream with the message that carries it: an object with one key, the
 * stream's name.
 *
 * @throws {TypeError} a kind is declared as simulated, and the samples do not contain it
 */
export function eventKinds(): EventKind[] {
  const samples = [
    ...sampleEvents({ ...SUBJECT, now: EXAMPLE_TIME }),
    ...exampleEvents(peatioRegistry, SUBJECT),
  ];
  return peatioRegistry.kinds.map((kind) => {
    const key = keyOf(kind.label);
    return {
      label: kind.label,
      key,
      scope: kind.scope,
      schema: payloadSchema(kind),
      message: messageOf(kind, key, samples),
    };
  });
}

/** `<id>.ob-snap` to `obSnap`, `global.tickers` to `tickers`. */
function keyOf(label: string): string {
  return label.replace(/^(<[^>]+>|global)\./, "").replace(/-?<[^>]+>/g, "")
    .replace(/[^a-z0-9]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** @returns the name of the payload's schema */
export function schemaName(key: string): string {
  return `${key[0]!.toUpperCase()}${key.slice(1)}`;
}

function payloadSchema({ payload, summary, state }: StreamKind): Schema {
  const { $schema: _, ...described } = toJSONSchema(payload, { target: "draft-7" });
  const schema = { description: summary, ...described } as Schema;
  if (state !== "order-book") return schema;
  return { ...schema, properties: { ...schema.properties, checksum: CHECKSUM } };
}

function messageOf(kind: StreamKind, key: string, samples: readonly SampleEvent[]): Message {
  const { label, scope, role, summary } = kind;
  const payload = { $ref: `#/components/schemas/${schemaName(key)}` };
  const examples = samples.flatMap(({ routingKey, payload }) => {
    const name = streamOf(routingKey);
    return peatioRegistry.find(scope, name) === kind
      ? [{ name, payload: { [name]: payload } }]
      : [];
  });
  if (examples.length === 0) throw new TypeError(`the simulator's samples do not contain ${label}`);
  const part = { plain: "", snapshot: ": the whole state", increment: ": a change" }[role];
  const { description } = kind.payload;
  return {
    name: key,
    title: label,
    summary: summary + part + (description === undefined ? "" : `. ${description}`),
    contentType: "application/json",
    tags: [{ name: scope }],
    payload: label.includes("<")
      ? {
        type: "object",
        patternProperties: { [patternOf(kind)]: payload },
        properties: { cursor: CURSOR },
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 2,
      }
      : {
        type: "object",
        properties: { [label]: payload, cursor: CURSOR },
        required: [label],
        additionalProperties: false,
      },
    examples,
  };
}

function streamOf(routingKey: string): string {
  const route = parseRoutingKey(routingKey)!;
  return route.scope === "private" ? route.event : route.name;
}

/** Converts `<id>.kline-<period>` to a regular expression of JSON Schema. */
function patternOf({ label, words }: StreamKind): string {
  const source = label.split(/(<[^>]+>)/).map((part) => {
    if (!part.startsWith("<")) return part.replaceAll(".", "\\.");
    const allowed = words[part.slice(1, -1)];
    return allowed ? `(${allowed.join("|")})` : "[^.]+";
  });
  return `^${source.join("")}$`;
}
