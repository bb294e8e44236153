import { Buffer } from "node:buffer";
import { Publisher } from "../source/amqp/publisher.ts";
import { sampleEvents } from "../source/simulator/samples.ts";
import { ConfigurationError } from "../errors.ts";
import { exampleEvents } from "../streams/examples.ts";
import { NOT_JSON, parseJson } from "../streams/payload.ts";
import { peatioRegistry } from "../streams/peatio.ts";
import { parseRoutingKey } from "../streams/routing_key.ts";
import { defineCommand } from "./command.ts";

interface Outgoing {
  readonly routingKey: string;
  readonly body: Uint8Array;
}

/** Maximum length of a routing key in bytes: it is a short string of AMQP. */
const MAX_ROUTING_KEY_BYTES = 255;

/** `ranger publish` */
export const publish = defineCommand({
  name: "publish",
  summary: "Publishes an event, or a set of samples",
  description:
    "Publishes to the configured exchange of the configured broker, as the components of the\n" +
    "exchange do. The body is sent exactly as given; - reads it from standard input. All\n" +
    "subscribers receive it: use samples only on brokers without real clients.",
  usage: "ranger publish ROUTING_KEY JSON|-\n" +
    "ranger publish --sample [--market ID] [--uid UID]",
  example: "ranger publish public.usdbtc.trades '{\"trades\":[]}'\n" +
    "ranger publish --sample --uid ID123 --amqp-url amqp://guest:guest@localhost:5672/",
  options: {
    sample: { type: "boolean", help: "Publishes events of each kind" },
    market: { type: "string", value: "ID", help: "Market of the samples [btcusd]" },
    uid: { type: "string", value: "UID", help: "User of the private samples [ID123]" },
  },
  positionals: { min: 0, max: 2 },
  settings: true,
  async run({ positionals, values, loadSettings }) {
    const { settings } = await loadSettings({ requireKey: false });
    const events = values.sample
      ? samples(positionals, values.market ?? "btcusd", values.uid ?? "ID123")
      : [await single(positionals, values.market ?? values.uid)];

    const publisher = await Publisher.connect({ ...settings.amqp, name: "ranger publish" });
    try {
      for (const { routingKey, body } of events) {
        const taken = await publisher.publish(routingKey, body);
        const note = taken ? "" : "   (no queue is bound to it)";
        console.log(`${routingKey}   ${body.length} bytes${note}`);
      }
    } finally {
      await publisher.close();
    }
    return 0;
  },
});

function samples(positionals: readonly string[], market: string, uid: string): Outgoing[] {
  if (positionals.length > 0) {
    throw new ConfigurationError("--sample has its events already; leave out routing key and JSON");
  }
  requireWord(market, "--market", "btcusd");
  requireWord(uid, "--uid", "ID123");
  const now = Math.floor(Date.now() / 1000);
  const events = [
    ...sampleEvents({ market, uid, now }),
    // Publishing what servers derive would end their own streams of that name.
    ...exampleEvents(peatioRegistry, { market, uid }).filter(({ isDerived }) => !isDerived),
  ];
  return events.map(({ routingKey, payload }) => ({
    routingKey,
    body: Buffer.from(JSON.stringify(payload)),
  }));
}

function requireWord(text: string, flag: string, example: string): void {
  if (/^[^.\s]{1,100}$/.test(text)) return;
  throw new ConfigurationError(
    `${flag} is ${JSON.stringify(text)}; expected one word without dots, such as ${example}`,
  );
}

async function single(
  [routingKey, text]: readonly string[],
  forSamples: string | undefined,
): Promise<Outgoing> {
  if (routingKey === undefined || text === undefined) {
    throw new ConfigurationError(
      routingKey === undefined
        ? "publish needs a routing key and a JSON body, or --sample"
        : "publish needs a JSON body after the routing key, or - to read it from standard input",
    );
  }
  if (forSamples !== undefined) {
    throw new ConfigurationError("--market and --uid belong to --sample");
  }
  if (parseRoutingKey(routingKey) === undefined || /\s/.test(routingKey)) {
    throw new ConfigurationError(
      `Ranger does not deliver the routing key ${JSON.stringify(routingKey)}; expected ` +
        "public.MARKET.EVENT, private.UID.EVENT or PREFIX.MARKET.EVENT",
    );
  }
  if (Buffer.byteLength(routingKey) > MAX_ROUTING_KEY_BYTES) {
    throw new ConfigurationError(`the routing key is longer than ${MAX_ROUTING_KEY_BYTES} bytes`);
  }
  const body = text === "-" ? await readStandardInput() : Buffer.from(text);
  if (parseJson(body) === NOT_JSON) {
    const from = text === "-" ? "from standard input" : "given";
    throw new ConfigurationError(
      `the body ${from} is ${body.length === 0 ? "empty" : "not valid JSON in UTF-8"}; expected ` +
        'JSON such as {"trades":[]}, in quotes for the shell',
    );
  }
  return { routingKey, body };
}

async function readStandardInput(): Promise<Uint8Array> {
  return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
}
