import { VERSION } from "../version.ts";
import { eventKinds, schemaName } from "./events.ts";
import { ANSWERS, CLIENT_MESSAGES, UNASKED } from "./messages.ts";
import type { Document, Message, Operation, Reference, Server } from "./types.ts";
import { titled } from "./titles.ts";

const DESCRIPTION =
  `Market data for everyone, and account events for authenticated users, over one \
WebSocket.

Connect and subscribe to streams by name (in the query, or with the message \`subscribe\`). Events are \
JSON objects with one key, the stream's name. Numbers keep the digits that the exchange published; \
prices and amounts are decimal texts. Ignore unknown fields and unknown streams.

With \`?envelope=tuple\` events are sent as \`["btcusd.trades",{…}]\` instead; answers stay objects.

A GET on the same addresses with \`Accept: text/event-stream\` serves the same events as server-sent \
events: \`id\` is the cursor and \`data\` the event, and answers are events of the type \`answer\`.`;

const CHANNEL: Reference = { $ref: "#/channels/connection" };
const BEARER: Reference = { $ref: "#/components/securitySchemes/bearer" };

/** The server's address if it is not known. */
const ANYWHERE = "ws://localhost:8080";

/**
 * The description of the server in AsyncAPI 3.0, generated from the registry of streams and the
 * protocol's messages.
 *
 * @param url of the server, without the last part of the path: `wss://example.com/api/v2`
 * @returns plain JSON
 *
 * @example
 * ```ts
 * console.log(JSON.stringify(describeServer(new URL("wss://example.com")), null, 2));
 * ```
 */
export function describeServer(url: URL = new URL(ANYWHERE)): Document {
  const events = eventKinds();
  const messages: Record<string, Message> = {
    ...CLIENT_MESSAGES,
    ...ANSWERS,
    ...Object.fromEntries(events.map(({ key, message }) => [key, message])),
  };
  return {
    asyncapi: "3.0.0",
    id: "urn:ranger:websocket",
    info: {
      title: "Ranger",
      version: VERSION,
      description: DESCRIPTION,
      contact: contactOf(url),
      license: { name: "Apache 2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
      tags: [
        { name: "public", description: "For all clients" },
        { name: "private", description: "For the authenticated user" },
      ],
    },
    defaultContentType: "application/json",
    servers: serversAt(url),
    channels: {
      connection: {
        address: "/",
        title: "The connection",
        description: "One WebSocket for all messages, in both directions",
        messages: Object.fromEntries(Object.keys(messages).map((key) => [key, reference(key)])),
        bindings: { ws: QUERY },
      },
    },
    operations: {
      ...requests(),
      ...Object.fromEntries(events.map(({ key, scope, message }) => [
        `send${schemaName(key)}`,
        {
          action: "send",
          summary: message.summary,
          channel: CHANNEL,
          messages: [inChannel(key)],
          ...(scope === "private" ? { security: [BEARER] } : {}),
        } satisfies Operation,
      ])),
      ...Object.fromEntries(UNASKED.map((key) => [
        `send${schemaName(key)}`,
        {
          action: "send",
          summary: ANSWERS[key].summary,
          channel: CHANNEL,
          messages: [inChannel(key)],
        } satisfies Operation,
      ])),
    },
    components: {
      messages: Object.fromEntries(
        Object.entries(messages).map(([key, message]) => [
          key,
          { ...message, payload: titled(message.payload, `${schemaName(key)}Message`) },
        ]),
      ),
      schemas: Object.fromEntries(
        events.map(({ key, schema }) => [schemaName(key), titled(schema, schemaName(key))]),
      ),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "In the header Authorization, or in the message authenticate",
        },
      },
    },
  };
}

/**
 * The same description with another address, which is much cheaper than a new description.
 *
 * @example
 * ```ts
 * const description = describeServer();
 * const here = movedTo(description, new URL("wss://example.com"));
 * ```
 */
export function movedTo(document: Document, url: URL): Document {
  return {
    ...document,
    info: { ...document.info, contact: contactOf(url) },
    servers: serversAt(url),
  };
}

function contactOf(url: URL): Document["info"]["contact"] {
  return { name: "Exchange operator", url: new URL("/", httpOf(url)).href };
}

function serversAt(url: URL): Document["servers"] {
  return {
    public: server(url, "public", "Token by message, for private streams"),
    private: {
      ...server(url, "private", "Token in the header Authorization at the handshake"),
      security: [BEARER],
    },
  };
}

/** https://github.com/asyncapi/bindings/tree/master/websockets */
const QUERY = {
  method: "GET",
  query: {
    type: "object",
    properties: {
      stream: {
        type: "string",
        description: "The first subscriptions, separated by commas; may be repeated",
        examples: ["btcusd.trades,btcusd.ob-inc"],
      },
      envelope: {
        type: "string",
        enum: ["object", "tuple"],
        description: "The form of events; object by default",
      },
      status: {
        type: "string",
        enum: ["1"],
        description: "Asks for status messages, which say whether data is complete",
      },
      cursor: {
        type: "string",
        description:
          "Asks for status messages and for events that end with a cursor. The cursor of " +
          "the last event received, or empty: what was missed since then is sent first",
      },
      checksum: {
        type: "string",
        enum: ["1"],
        description: "Asks for the checksum of the order book in each of its messages",
      },
      last: {
        type: "string",
        description: "Number of recent events of each stream to be sent first; at most 1,000",
      },
    },
  },
  bindingVersion: "0.1.0",
};

/** The requests of clients, and their possible answers. */
function requests(): Record<string, Operation> {
  const answers: Record<keyof typeof CLIENT_MESSAGES, readonly (keyof typeof ANSWERS)[]> = {
    subscribe: [
      "subscribed",
      "cannotSubscribe",
      "tooManyStreams",
      "resumed",
      "cannotResume",
      "messageError",
    ],
    unsubscribe: ["unsubscribed", "messageError"],
    list: ["available"],
    authenticate: ["authenticated", "authenticationFailed", "tokenTypeInvalid"],
    ping: ["pong"],
  };
  return Object.fromEntries(
    Object.entries(answers).map(([key, replies]) => [key, {
      action: "receive",
      summary: CLIENT_MESSAGES[key as keyof typeof CLIENT_MESSAGES].summary,
      channel: CHANNEL,
      messages: [inChannel(key)],
      reply: { channel: CHANNEL, messages: replies.map(inChannel) },
    }]),
  );
}

function server(url: URL, path: "public" | "private", description: string): Server {
  const pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return { host: url.host, protocol: url.protocol.slice(0, -1), pathname, description };
}

function httpOf(url: URL): string {
  return url.href.replace(/^ws/, "http");
}

function reference(key: string): Reference {
  return { $ref: `#/components/messages/${key}` };
}

function inChannel(key: string): Reference {
  return { $ref: `#/channels/connection/messages/${key}` };
}
