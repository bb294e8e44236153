import assert from "node:assert/strict";
import ws from "ws";
import { bounded } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { type Conversation, converse } from "../support/conversation.ts";
import { type Exchange, startExchange, step, subscribed } from "../support/exchange.ts";
import { nodeWithWebSocket } from "../support/node.ts";
import { pythonWithWebsockets } from "../support/python.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";

const broker = await sharedBroker();

const SMALL = '{"trades":[{"tid":1,"price":"0.00000001","note":"žluťoučký 🚀"}]}';
const LARGE = JSON.stringify({ trades: [], note: "ž".repeat(50_000) });

/**
 * A client's conversation, while the exchange publishes what it waits for.
 *
 * @param compressed whether the client and the server are to agree on compression
 */
async function assertTalksWith(
  exchange: Exchange,
  compressed: boolean,
  client: (url: string, report: () => Promise<void>) => Promise<Conversation>,
): Promise<void> {
  const url = exchange.ranger.url("/api/v2/ranger/public/?stream=κόσμε.trades&stream=global.x");
  const { extensions, ...conversation } = await bounded(
    client(url, async () => {
      await exchange.publish("public.κόσμε.trades", SMALL);
      await exchange.publish("public.κόσμε.trades", LARGE);
    }),
    "the conversation to end",
    60_000,
  );
  assert.deepEqual(conversation, {
    greeting: subscribed("κόσμε.trades", "global.x"),
    events: [`{"κόσμε.trades":${SMALL}}`, `{"κόσμε.trades":${LARGE}}`],
    pong: "pong",
    answer: subscribed("κόσμε.trades", "global.x", "日本.🚀"),
    protocol: "",
    closed: { code: 4321, wasClean: true },
  });
  assert.equal(/^permessage-deflate\b/.test(extensions), compressed, extensions);
  await exchange.ranger.log(
    (line) => line.code === 4321 && line.reason === "done" && line.by === "client",
    "the client's own code and reason",
  );
}

Deno.test("clients that people use talk with the server", (t) => assertClientsTalk(t, false));

Deno.test("clients that people use talk with the server in compressed messages", (t) =>
  assertClientsTalk(t, true));

async function assertClientsTalk(t: Deno.TestContext, compression: boolean): Promise<void> {
  const args = ["--log-level", "debug", compression ? "--compression" : "--no-compression"];
  await using exchange = await startExchange(broker, { auth: false, args });

  await step(
    t,
    "Deno's WebSocket",
    // It offers no compression.
    () => assertTalksWith(exchange, false, (url, report) => converse(url, report)),
  );

  await step(
    t,
    "the WebSocket of npm's ws",
    () =>
      assertTalksWith(
        exchange,
        compression,
        (url, report) => converse(url, report, ws as unknown as typeof WebSocket),
      ),
  );

  await step(t, "Node's WebSocket", async () => {
    const node = await nodeWithWebSocket();
    if (node === undefined) return console.log("no Node with a WebSocket here: not tried");
    await assertTalksWith(exchange, compression, (url, report) => inNode(node, url, report));
  });

  await step(t, "Chromium's WebSocket", async () => {
    const browser = await launchChromium();
    if (browser === undefined) return console.log("no Chromium here: not tried");
    try {
      const page = await browser.newPage();
      // A page of the server's own, so that its origin may connect.
      await page.goto(exchange.ranger.publicUrl("/api/v2/ranger/public/"));
      await assertTalksWith(exchange, compression, async (url, report) => {
        await page.exposeFunction("report", report);
        return await page.evaluate(`(${converse})(${JSON.stringify(url)}, report)`);
      });
    } finally {
      await browser.close();
    }
  });
}

/**
 * Parameters of permessage-deflate (RFC 7692 §7.1) that Python's websockets can offer, and whether
 * the server takes the offer. The library ends the connection where an answer does not fit.
 */
const PYTHON_OFFERS: readonly [parameters: Record<string, number | boolean>, taken: boolean][] = [
  [{}, true],
  [{ client_max_window_bits: 12 }, true],
  [{ server_max_window_bits: 15 }, true],
  [{ server_max_window_bits: 15, client_max_window_bits: 9 }, true],
  [{ server_max_window_bits: 15, server_no_context_takeover: true }, true],
  [{ server_no_context_takeover: true, client_no_context_takeover: true }, true],
  [{ server_max_window_bits: 12, client_max_window_bits: 12 }, false],
];

Deno.test("Python's websockets talks with the server, whatever compression it offers", async (t) => {
  const python = await pythonWithWebsockets();
  if (python === undefined) return console.log("no Python with websockets here: not tried");
  await using exchange = await startExchange(broker, {
    auth: false,
    args: ["--log-level", "debug"],
  });
  const script = new URL("../support/websockets_client.py", import.meta.url).pathname;
  for (const [parameters, taken] of PYTHON_OFFERS) {
    const text = JSON.stringify(parameters);
    await step(t, text, () =>
      assertTalksWith(
        exchange,
        taken,
        (url, report) => inProcess([python, script, url, text], report),
      ));
  }
});

/** The same conversation in a process of Node's. */
function inNode(
  [file, ...flags]: readonly [string, ...string[]],
  url: string,
  report: () => Promise<void>,
): Promise<Conversation> {
  const program = `const report = async () => console.log("subscribed");
    console.log(JSON.stringify(await (${converse})(${JSON.stringify(url)}, report)));`;
  return inProcess([file, ...flags, "--input-type=module", "--eval", program], report);
}

/** The conversation of a process: its first line asks for the events. */
async function inProcess(
  [file, ...args]: readonly [string, ...string[]],
  report: () => Promise<void>,
): Promise<Conversation> {
  const child = new Deno.Command(file, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (output === "" && text !== "") await report();
    output += text;
  }
  assert.equal((await child.status).code, 0, output);
  return JSON.parse(output.slice(output.indexOf("\n")));
}
