import assert from "node:assert/strict";
import { SourceMap, type SourceMapping } from "node:module";
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

/** What an app with React installs beside the client: the first version that it runs with, and a late one. */
const FOR_REACT = [
  ["react@18.0.0", "react-dom@18.0.0"],
  ["react@19.3.1", "react-dom@19.3.1", "@types/react@19.3.3"],
];

/** The README promises 7 KB gzipped for the client, 1.5 KB for the hooks, and 1 KB for checksums. */
const MAX_GZIPPED_BYTES = {
  "mod.js": 7 * 1024,
  "store.js": 1536,
  "react.js": 1536,
  "checksum.js": 1024,
};

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
import { connect, type Book, type Kline, RangerError } from "@ranger-ws/client";

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

/** The same for the stores, which need no framework. */
const TYPED_STORE = `
import { connect } from "@ranger-ws/client";
import { verifyBook } from "@ranger-ws/client/checksum";
import { bookStore, type Store, type BookView, streamStore } from "@ranger-ws/client/store";

export function typed(WebSocket: new (url: string) => { send(data: string): void; close(): void }) {
  const ranger = connect("wss://example.com/public", { WebSocket, verifyBook });
  const book: Store<BookView> = bookStore(ranger, "btcusd", 5);
  const price: string | undefined = book.get().asks[0]?.price;
  // @ts-expect-error a view cannot be changed
  book.get().live = true;
  const stop: () => void = streamStore(ranger, "order").subscribe((order) => void order?.state);
  streamStore(ranger, "order", { keep: 3 }).subscribe((orders) => void orders[0]?.state);
  return [price, stop];
}
`;

/** The same for the hooks; what they accept is in the client's README. */
const TYPED_REACT = `
import { RangerProvider, useStream } from "@ranger-ws/client/react";

// @ts-expect-error a provider needs a connection, or undefined
export const Wrong = () => <RangerProvider />;

export function Tickers() {
  const tickers = useStream("global.tickers");
  // @ts-expect-error there may be no event yet
  tickers.btcusd;
  const trades = useStream("btcusd.trades", { keep: 50 });
  return <p>{tickers?.btcusd?.last} {trades[0]?.trades[0]?.price}</p>;
}
`;

/** Renders as a server does, and prints the HTML. */
const RENDERED = `
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { RangerProvider, useBook } from "@ranger-ws/client/react";
const Book = () => createElement("p", null, String(useBook("btcusd").live));
const app = createElement(RangerProvider, { ranger: undefined }, createElement(Book));
console.log(renderToString(app));
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

async function gzipped(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

/** The command of the client's README that begins like that. */
async function readmeCommand(beginning: string): Promise<string> {
  const readme = await Deno.readTextFile(`${ROOT}client/README.md`);
  const line = readme.split("\n").find((line) => line.startsWith(beginning));
  assert.ok(line, `no line begins with ${beginning}`);
  return line;
}

Deno.test("the client is packed, installed and used as its users do", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "ranger-client-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // As in the README: an app's folder beside Ranger's.
  const dist = `${folder}/ranger/dist`;
  const project = `${folder}/project`;
  for (const path of [dist, project]) await Deno.mkdir(path, { recursive: true });
  const deno: [string, ...string[]] = [Deno.execPath()];
  const tsc: [string, ...string[]] = [...deno, "run", "-A", `--config=${ROOT}deno.json`, TSC];

  await step(t, "it is built, and small", async () => {
    const built = await runProgram(
      [Deno.execPath(), "run", "-A", `${ROOT}scripts/build_client.ts`],
      [],
      { env: { DIST: dist } },
    );
    assert.equal(built.code, 0, built.stderr);
    for (const [file, most] of Object.entries(MAX_GZIPPED_BYTES)) {
      // Bundlers leave the reference to the source map out.
      const code = await Deno.readTextFile(`${dist}/client/${file}`);
      const size = await gzipped(code.replace(/\n\/\/# sourceMappingURL=.*/, ""));
      assert.ok(size < most, `${file}: ${size} bytes`);
    }
  });

  await step(t, "debuggers show its sources", async () => {
    for (const file of Object.keys(MAX_GZIPPED_BYTES)) {
      const code = await Deno.readTextFile(`${dist}/client/${file}`);
      assert.match(code, new RegExp(`\n//# sourceMappingURL=${file}\\.map\n?$`));
      const map = new SourceMap(
        JSON.parse(await Deno.readTextFile(`${dist}/client/${file}.map`)),
      );
      const { sources, sourcesContent } = map.payload;
      assert.ok(sources.includes(`src/${file.replace(".js", ".ts")}`), `${sources}`);
      assert.equal(sourcesContent?.length, sources.length);
      if (file === "checksum.js") continue;
      // A name that minifying keeps, in the code and where the map says that it comes from.
      const name = "queueMicrotask";
      const lines = code.split("\n");
      const line = lines.findIndex((text) => text.includes(name));
      const entry = map.findEntry(line, lines[line]!.indexOf(name)) as SourceMapping;
      assert.equal(entry.originalSource, "src/listeners.ts");
      const source = sourcesContent[sources.indexOf(entry.originalSource)]!.split("\n");
      assert.ok(source[entry.originalLine]!.slice(entry.originalColumn).startsWith(name));
    }
    const hooks = await Deno.readTextFile(`${dist}/client/react.js`);
    assert.ok(hooks.startsWith('"use client";\n'), "for React's server components");
  });

  await step(t, "npm packs what is needed and nothing else, and installs it", async () => {
    const pack = await readmeCommand("npm pack ");
    const packed = JSON.parse(await run(["sh"], ["-c", `${pack} --json`], `${folder}/ranger`));
    const { version, files } = packed[0];
    assert.equal(version, VERSION, "as the server's");
    const names: string[] = files.map(({ path }: { path: string }) => path);
    assert.deepEqual(names.filter((name) => !name.endsWith(".d.ts")).toSorted(), [
      "LICENSE",
      "README.md",
      "checksum.js",
      "checksum.js.map",
      "mod.js",
      "mod.js.map",
      "package.json",
      "react.js",
      "react.js.map",
      "store.js",
      "store.js.map",
      "streams.js",
      "streams.js.map",
    ]);
    for (const name of names) {
      const text = await Deno.readTextFile(`${dist}/client/${name}`);
      assert.ok(
        !text.includes(ROOT) && !text.includes("file://"),
        `a path of this machine in ${name}`,
      );
    }
    await Deno.writeTextFile(`${project}/package.json`, '{"private":true,"type":"module"}');
    const install = await readmeCommand("npm install ../ranger/");
    await run(["sh"], ["-c", `${install} --offline`], project);
    const { dependencies } = JSON.parse(await Deno.readTextFile(`${project}/package.json`));
    assert.deepEqual(Object.keys(dependencies), ["@ranger-ws/client"]);
    const installed = [...Deno.readDirSync(`${project}/node_modules`)].map(({ name }) => name);
    assert.deepEqual(installed.filter((name) => !name.startsWith(".")), ["@ranger-ws"]);
  });

  await step(t, "its types hold for apps, whatever they resolve modules and run with", async () => {
    await Deno.writeTextFile(`${project}/typed.ts`, TYPED);
    await Deno.writeTextFile(`${project}/store.ts`, TYPED_STORE);
    const consumers = [
      // Neither a browser's types nor Node's.
      ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "ES2022"],
      ["--module", "node16", "--moduleResolution", "node16", "--lib", "ES2022,DOM"],
    ];
    for (const consumer of consumers) {
      await run(tsc, [...STRICT, ...consumer, "typed.ts", "store.ts"], project);
    }
  });

  await using ranger: RangerProcess = await startRanger({
    command: "demo",
    args: ["--origins", "*"],
  });
  const url = ranger.url("/public");
  await Deno.writeTextFile(
    `${project}/app.js`,
    `import { connect } from "@ranger-ws/client";
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
      import { connect } from "@ranger-ws/client";
      console.log(JSON.stringify(await (${app})(${connecting}, ${JSON.stringify(url)})));`,
    );
    assert.deepEqual(JSON.parse(await run([node], ["node20.js"], project)), SEEN);
    await Deno.writeTextFile(
      `${project}/node20.ts`,
      `import { WebSocket } from "ws";
      import { connect, type Ranger } from "@ranger-ws/client";
      export const ranger: Ranger = connect("wss://example.com/public", { WebSocket });`,
    );
    const lib = ["--lib", "ES2022", "--types", "node", "--module", "node16"];
    await run(tsc, [...STRICT, ...lib, "--moduleResolution", "node16", "node20.ts"], project);
  });

  await step(t, "its hooks run with React, and have types", async () => {
    const node = findNode();
    if (node === undefined) return console.log("no Node here: not tried");
    const install = ["install", "--save-dev", "--save-exact", "--no-audit", "--no-fund"];
    await Deno.writeTextFile(`${project}/rendered.js`, RENDERED);
    for (const packages of FOR_REACT) {
      await run(["npm"], [...install, ...packages], project);
      assert.equal(await run([node], ["rendered.js"], project), "<p>false</p>", packages[0]);
    }
    const readme = await Deno.readTextFile(`${dist}/client/README.md`);
    const [, shown = ""] = /```tsx\n(.*?)```/s.exec(readme) ?? [];
    assert.match(shown, /useBook/);
    await Deno.writeTextFile(`${project}/readme.tsx`, shown);
    await Deno.writeTextFile(`${project}/react.tsx`, TYPED_REACT);
    const lib = ["--jsx", "react-jsx", "--lib", "ES2022,DOM", "--types", "react"];
    await run(
      tsc,
      [
        ...STRICT,
        ...lib,
        "--module",
        "node16",
        "--moduleResolution",
        "node16",
        "react.tsx",
        "readme.tsx",
      ],
      project,
    );
  });

  await step(t, "it runs in Chromium", async () => {
    const browser = await launchChromium();
    if (browser === undefined) return console.log("no Chromium here: not tried");
    const module = await Deno.readFile(`${project}/node_modules/@ranger-ws/client/mod.js`);
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
