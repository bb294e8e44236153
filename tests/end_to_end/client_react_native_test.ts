/** The typed client where there is no page: in React Native, whose globals are few. */
import assert from "node:assert/strict";
import { createContext, runInContext } from "node:vm";
import type { connect as Connect, Ranger } from "../../client/src/mod.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { freePort } from "../../testing/ports.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { temporaryFolder } from "../support/run_ranger.ts";

/**
 * `URL` as React Native has it: it appends a slash, has no setters, and takes no relative URL
 * without a base (react-native 0.8x, Libraries/Blob/URL.js).
 */
class NativeUrl {
  readonly #text: string;
  readonly #parsed: URL;

  constructor(text: string) {
    this.#text = text.endsWith("/") ? text : `${text}/`;
    this.#parsed = new URL(this.#text);
  }

  get href(): string {
    return this.#text;
  }

  get protocol(): string {
    return this.#parsed.protocol;
  }

  get pathname(): string {
    return this.#parsed.pathname;
  }

  get hash(): string {
    return this.#parsed.hash;
  }
}

/** All that React Native has and the client may use: no window, document, location or events. */
const GLOBALS = {
  URL: NativeUrl,
  WebSocket,
  clearTimeout,
  console,
  performance,
  queueMicrotask,
  setTimeout,
};

/** The client as one script, as Metro bundles it, in a context with no other globals. */
async function connectInContext(): Promise<typeof Connect> {
  await using folder = await temporaryFolder();
  const entry = `${folder.path}/entry.js`;
  const script = `${folder.path}/script.js`;
  await Deno.writeTextFile(
    entry,
    `import { connect } from ${JSON.stringify(`${ROOT}client/src/mod.ts`)};
    globalThis.connect = connect;`,
  );
  const { code, stderr } = await runProgram(
    [Deno.execPath(), "bundle", "--quiet", `--config=${ROOT}deno.json`],
    ["--platform=browser", "--format=iife", `--output=${script}`, entry],
  );
  assert.equal(code, 0, stderr);
  const context = createContext({ ...GLOBALS });
  runInContext(await Deno.readTextFile(script), context);
  assert.equal(
    runInContext("typeof addEventListener + typeof location", context),
    "undefined".repeat(2),
  );
  return (context as unknown as { connect: typeof Connect }).connect;
}

function hasStatus(ranger: Ranger, status: string): Promise<true> {
  return until(
    () => ranger.state.status === status || undefined,
    () => `${status}, not ${JSON.stringify(ranger.state)}`,
  );
}

Deno.test("in React Native the client connects, and an app that becomes active reconnects it", async () => {
  const connect = await connectInContext();
  const port = String(freePort());
  const demo = (): Promise<RangerProcess> =>
    startRanger({ command: "demo", args: ["--quiet", "--port", port] });
  const server = await demo();
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  // Longer than the test: only the call reconnects.
  const waits = { minReconnectDelay: 1e8, maxReconnectDelay: 1e8 };
  const ranger = connect(server.url("/public?stream=global.tickers"), waits);
  stack.defer(() => ranger.close());
  const book = ranger.book("btcusd");
  const live = async () => {
    for await (const { live } of book) if (live) return;
  };
  await bounded(live(), "the book");
  assert.ok(await ranger.ping() > 0);

  await server.stop();
  await hasStatus(ranger, "waiting");
  assert.equal(book.live, false);
  stack.use(await demo());
  assert.equal(ranger.state.status, "waiting");
  ranger.reconnect();
  await bounded(live(), "the book after the restart");
  assert.equal(ranger.state.status, "open");
});

Deno.test("in React Native URLs keep their queries, and wrong ones are named", async () => {
  const connect = await connectInContext();
  const urls: string[] = [];
  class Recording {
    constructor(url: string) {
      urls.push(url);
    }
    send(): void {}
    close(): void {}
  }
  for (
    const url of [
      "wss://example.com/public",
      "https://example.com/public?envelope=tuple&stream=a.b#top",
      "ws://10.0.2.2:8080",
    ]
  ) void connect(url, { WebSocket: Recording }).close();
  assert.ok(urls.every((url) => /^wss?:[^#]*$/.test(url)), `${urls}`);
  assert.deepEqual(urls.map((url) => [new URL(url).pathname, new URL(url).search]), [
    ["/public", "?envelope=object&cursor=&"],
    ["/public", "?envelope=object&cursor=&envelope=tuple&stream=a.b"],
    ["/", "?envelope=object&cursor=&"],
  ]);
  for (const url of ["/public", "ftp://example.com", "wss://", "nonsense"]) {
    assert.throws(() => connect(url, { WebSocket: Recording }), { code: "url" }, url);
  }
});
