import assert from "node:assert/strict";
import { VERSION } from "../../src/version.ts";
import type { connect as Connect } from "../../client/src/mod.ts";
import { launchChromium } from "../../testing/browser.ts";
import { bounded } from "../../testing/bounded.ts";
import { step } from "../support/exchange.ts";
import { findNode, nodeWithWebSocket } from "../support/node.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";

/** The TypeScript compiler of the npm package. */
const TSC = new URL("tsc.js", import.meta.resolve("typescript")).href;

/** Packages that an app for Node 20 installs beside the client, pinned for reproducible runs. */
const FOR_NODE_20 = ["ws@8.23.0", "@types/ws@8.18.2", "@types/node@20.19.43"];

/** The README promises 7 KB gzipped. */
const MAX_GZIPPED_BYTES = 7 * 1024;

/** An app that uses the client. It is self-contained, so that its source can run elsewhere. */
async function app(connect: typeof Connect, url: string) {
  const ranger = connect(url, { minReconnectDelay: 50 });
  const seen: Record<string, unknown> = {};
  for await (const { live, bestAsk, bestBid } of ranger.book("btcusd")) {
    seen.book = live && Number(bestAsk!.price) > Number(bestBid!.price);
    break;
  }
  for await (const tickers of ranger.stream("global.tickers", { overflow: "latest" })) {
    seen.ticker = tickers.btcusd?.name;
    break;
  }
  try {
    ranger.on("order", () => {});
  } catch (error) {
    seen.error = (error as { code?: string }).code;
  }
  seen.ping = await ranger.ping() > 0;
  await ranger.close();
  seen.state = ranger.state.status;
  return seen;
}

const SEEN = {
  book: true,
  ticker: "BTC/USD",
  error: "unauthenticated",
  ping: true,
  state: "closed",
};

/** Code that must compile, and code that must not, under the strictest compiler options. */
const TYPED = `
import { connect, type Book, type Kline, RangerError } from "ranger-client";

export async function typed(WebSocket: new (url: string) => { send(data: string): void; close(): void }) {
  const ranger = connect("wss://example.com/public", { token: async () => null, WebSocket });
  for await (const { trades } of ranger.stream("btcusd.trades")) {
    const price: string | number | undefined = trades[0]?.price;
    void price;
  }
  const stop: () => void = ranger.on("btcusd.kline-1m", (candle) => {
    const same: Kline = candle;
    // @ts-expect-error a candle has six numbers
    candle[6];
    void same;
  });
  ranger.on("order", (order) => {
    if (order.kind !== undefined) order.volume;
    const state: string = order.state;
    const done: boolean = order.state === "done" || order.state === "one of a later version";
    // @ts-expect-error a state is a text
    const number: number = order.state;
    void [state, done, number];
  });
  ranger.on("my.own-stream", (payload) => {
    // @ts-expect-error an unknown stream's payload is unknown
    payload.price;
  });
  // @ts-expect-error there is no such policy
  ranger.stream("btcusd.trades", { overflow: "newest" });
  const book: Book = ranger.book("btcusd", { notify: "message" });
  const spread: string | undefined = book.spread;
  void spread;
  ranger.onState((state) => {
    if (state.status === "waiting") state.retryAt.toFixed();
    // @ts-expect-error only a connection that is open has an identity
    else state.identity;
  });
  ranger.onError((error) => error instanceof RangerError && error.code === "refused");
  stop();
  await ranger.close();
}
`;

/** The strictest compiler options. */
const STRICT = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noUncheckedIndexedAccess",
  "--skipLibCheck",
  "false",
  "--target",
  "ES2022",
];

async function run(program: readonly [string, ...string[]], args: string[], cwd: string) {
  const outcome = await runProgram(program, args, { cwd });
  assert.equal(outcome.code, 0, `${program[0]} ${args}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome.stdout.trim();
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

Deno.test("the client is packed, installed and used as its users do", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "ranger-client-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const project = `${folder}/project`;
  await Deno.mkdir(project);
  const deno: [string, ...string[]] = [Deno.execPath()];
  const tsc: [string, ...string[]] = [...deno, "run", "-A", `--config=${ROOT}deno.json`, TSC];

  await step(t, "it is built, and small", async () => {
    const { code, stderr } = await runProgram(
      [Deno.execPath(), "run", "-A", `${ROOT}scripts/build_client.ts`],
      [],
      { env: { DIST: folder } },
    );
    assert.equal(code, 0, stderr);
    const size = await gzipped(await Deno.readFile(`${folder}/client/mod.js`));
    assert.ok(size < MAX_GZIPPED_BYTES, `${size} bytes`);
  });

  await step(t, "npm packs what is needed and nothing else, and installs it", async () => {
    const packed = JSON.parse(await run(["npm"], ["pack", "--json"], `${folder}/client`));
    const { filename, version, files } = packed[0];
    assert.equal(version, VERSION, "as the server's");
    const names: string[] = files.map(({ path }: { path: string }) => path);
    assert.deepEqual(names.filter((name) => !name.endsWith(".d.ts")).toSorted(), [
      "LICENSE",
      "README.md",
      "mod.js",
      "package.json",
      "streams.js",
    ]);
    for (const name of names) {
      const text = await Deno.readTextFile(`${folder}/client/${name}`);
      assert.ok(
        !text.includes(ROOT) && !text.includes("file://"),
        `a path of this machine in ${name}`,
      );
    }
    await Deno.writeTextFile(`${project}/package.json`, '{"private":true,"type":"module"}');
    await run(["npm"], ["install", "--offline", `../client/${filename}`], project);
    const { dependencies } = JSON.parse(await Deno.readTextFile(`${project}/package.json`));
    assert.deepEqual(Object.keys(dependencies), ["ranger-client"]);
    const installed = [...Deno.readDirSync(`${project}/node_modules`)].map(({ name }) => name);
    assert.deepEqual(installed.filter((name) => !name.startsWith(".")), ["ranger-client"]);
  });

  await step(t, "its types hold for apps, whatever they resolve modules and run with", async () => {
    await Deno.writeTextFile(`${project}/typed.ts`, TYPED);
    const consumers = [
      // Neither a browser's types nor Node's.
      ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "ES2022"],
      ["--module", "node16", "--moduleResolution", "node16", "--lib", "ES2022,DOM"],
    ];
    for (const consumer of consumers) {
      await run(tsc, [...STRICT, ...consumer, "typed.ts"], project);
    }
  });

  await using ranger: RangerProcess = await startRanger({
    command: "demo",
    args: ["--origins", "*"],
  });
  const url = ranger.url("/public");
  await Deno.writeTextFile(
    `${project}/app.js`,
    `import { connect } from "ranger-client";
    console.log(JSON.stringify(await (${app})(connect, ${JSON.stringify(url)})));`,
  );

  await step(t, "it runs in Deno, and lets Deno end", async () => {
    const output = await run([...deno, "run", "--allow-net", "--no-lock"], ["app.js"], project);
    assert.deepEqual(JSON.parse(output), SEEN);
  });

  await step(t, "it runs in Node, and lets Node end", async () => {
    const node = await nodeWithWebSocket();
    if (node === undefined) return console.log("no Node with a WebSocket here: not tried");
    assert.deepEqual(JSON.parse(await run(node, ["app.js"], project)), SEEN);
  });

  await step(t, "it runs in Node 20 with npm's ws, as its README says", async () => {
    const node = findNode();
    if (node === undefined) return console.log("no Node here: not tried");
    const install = ["install", "--save-dev", "--save-exact", "--no-audit", "--no-fund"];
    await run(["npm"], [...install, ...FOR_NODE_20], project);
    const connecting = `(url, options) => connect(url, { ...options, WebSocket })`;
    await Deno.writeTextFile(
      `${project}/node20.js`,
      `import { WebSocket } from "ws";
      import { connect } from "ranger-client";
      console.log(JSON.stringify(await (${app})(${connecting}, ${JSON.stringify(url)})));`,
    );
    assert.deepEqual(JSON.parse(await run([node], ["node20.js"], project)), SEEN);
    await Deno.writeTextFile(
      `${project}/node20.ts`,
      `import { WebSocket } from "ws";
      import { connect, type Ranger } from "ranger-client";
      export const ranger: Ranger = connect("wss://example.com/public", { WebSocket });`,
    );
    const lib = ["--lib", "ES2022", "--types", "node", "--module", "node16"];
    await run(tsc, [...STRICT, ...lib, "--moduleResolution", "node16", "node20.ts"], project);
  });

  await step(t, "it runs in Chromium", async () => {
    const browser = await launchChromium();
    if (browser === undefined) return console.log("no Chromium here: not tried");
    const module = await Deno.readFile(`${project}/node_modules/ranger-client/mod.js`);
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using site = Deno.serve(
      options,
      ({ url }) =>
        new URL(url).pathname === "/mod.js"
          ? new Response(module, { headers: { "content-type": "text/javascript" } })
          : new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    );
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${site.addr.port}/`);
      const program = `import("/mod.js").then(({ connect }) => (${app})(connect, ${
        JSON.stringify(url)
      }))`;
      const seen = await bounded(page.evaluate(program), "the app to end", 60_000);
      assert.deepEqual(seen, SEEN);
    } finally {
      await browser.close();
    }
  });
});
