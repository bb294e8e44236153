import { describeServer } from "../asyncapi/document.ts";
import { ConfigurationError } from "../errors.ts";
import { defineCommand } from "./command.ts";

/** `ranger asyncapi` */
export const asyncapi = defineCommand({
  name: "asyncapi",
  summary: "Prints the messages of the WebSocket API as an AsyncAPI 3.0 document",
  description:
    "The same document that a running server has at GET /asyncapi.json: every stream with its\n" +
    "payload as JSON Schema, every message in both directions, with examples; for code\n" +
    "generators, documentation portals and tests.",
  usage: "ranger asyncapi [--url URL]",
  example: "ranger asyncapi --url wss://ranger.example.com > asyncapi.json",
  options: {
    url: {
      type: "string",
      value: "URL",
      help: "The server's address for clients, without /public",
      default: "ws://localhost:8080",
    },
  },
  settings: false,
  run({ values }) {
    console.log(JSON.stringify(describeServer(addressOf(values.url)), null, 2));
    return Promise.resolve(0);
  },
});

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^wss?:$/.test(url.protocol) && url.username + url.search === "") return url;
  throw new ConfigurationError(
    "--url is not the address of a server alone; expected an address such as wss://ranger.example.com",
  );
}
