/** The apps in examples/, as their READMEs start them, against the demo and through its restart. */
import assert from "node:assert/strict";
import type { Order } from "../../client/src/mod.ts";
import { bounded, until } from "../../testing/bounded.ts";
import { launchChromium } from "../../testing/browser.ts";
import { freePort } from "../../testing/ports.ts";
import { ROOT, runProgram } from "../../testing/program.ts";
import { type RangerProcess, startRanger } from "../../testing/ranger.ts";
import { Gate } from "../../testing/gate.ts";
import { isOutage, openPage } from "../support/live_page.ts";
import { liveClient } from "../support/live_client.ts";
import { pythonWithWebsockets } from "../support/python.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { Running } from "../support/running.ts";

/** The shortest time that the demo's tokens can be valid for, in seconds. */
const TTL = 5;

function startDemo(port: number): Promise<RangerProcess> {
  // Also from other ports of this machine, as apps in development are.
  return startRanger({ command: "demo", args: ["--quiet", "--rate", "100", "--port", `${port}`] });
}

function tokenUrl(port: number): string {
  return `http://127.0.0.1:${port}/page/token?ttl=${TTL}`;
}

type Line = Record<string, unknown> & { readonly event: string };

/** What the bot prints, to be awaited. */
class Bot {
  constructor(readonly running: Running) {}

  get lines(): Line[] {
    return this.running.stdout.all.map((line) => JSON.parse(line));
  }

  /** The next line that begins with an event, from a number of lines on. */
  async next(event: string, from = 0): Promise<Line> {
    const line = this.running.stdout.line(new RegExp(`"event": "${event}`), from);
    const told = () => `${event}\n${this.running.stderr.all.join("\n")}`;
    return JSON.parse((await bounded(line, told, 30_000)).input);
  }

  /** Orders as it printed them: `17 wait`. */
  orders(from = 0): string[] {
    return this.lines.slice(from).filter(({ event }) => event === "order")
      .map(({ id, state }) => `${id} ${state}`);
  }
}

Deno.test("the bot in Python keeps a book, and misses no order of a connection that was cut", async () => {
  const python = await pythonWithWebsockets();
  if (python === undefined) return console.log("no Python with websockets here: not tried");
  const port = freePort();
  await using servers = new AsyncDisposableStack();
  const server = servers.use(await startDemo(port));
  await using gate = new Gate(server.url());
  await gate.open();

  // A client that is always connected knows the book at each sequence, and each order.
  const token = async () => await (await fetch(tokenUrl(port))).text();
  await using client = liveClient(server.url("/public"), { token });
  const bests = new Map<number, unknown>();
  const book = client.ranger.book("btcusd", { notify: "message" });
  book.onChange(({ live, sequence, bestBid, bestAsk }) => {
    if (!live) return;
    const best = [bestBid, bestAsk].map((level) => level && [level.price, level.amount]);
    bests.set(sequence!, best);
  });
  const orders: string[] = [];
  client.ranger.on("order", ({ id, state }: Order) => orders.push(`${id} ${state}`));
  await client.seen(() => orders.length > 0 || undefined, "an order");

  const address = [`--url=ws://127.0.0.1:${gate.port}`, `--token-url=${tokenUrl(port)}`];
  await using running = new Running(
    [`${ROOT}examples/python-bot/bot.py`, ...address, "--every=0.1", "--longest-wait=2"],
    [python],
  );
  const bot = new Bot(running);
  await Promise.all([bot.next("book"), bot.next("order"), bot.next("token renewed")]);

  await gate.shut();
  await bot.next("lost");
  const had = orders.length;
  await client.seen(() => orders.length > had + 3 || undefined, "orders without the bot");
  const cut = bot.lines.length;
  await gate.open();
  assert.deepEqual((await bot.next("resumed", cut)).streams, ["btcusd.ob-inc", "order"]);
  const resumed = bot.lines.length;
  await Promise.all([bot.next("book", resumed), bot.next("order", resumed)]);

  const printed = bot.orders();
  await client.seen(
    () => `;${orders.join(";")};`.includes(`;${printed.join(";")};`) || undefined,
    `the bot's orders, none missing and none twice: ${printed}`,
  );
  const shown = bot.lines.filter(({ event }) => event === "book");
  const known = shown.filter(({ sequence }) => bests.has(sequence as number));
  assert.ok(known.length >= 5, `${known.length} of ${shown.length} lines`);
  for (const { sequence, bid, ask } of known) {
    assert.deepEqual([bid, ask], bests.get(sequence as number), `at ${sequence}`);
  }
  assert.ok(!bot.lines.some(({ event }) => event === "gap"));

  await server.stop();
  const stopped = bot.lines.length;
  servers.use(await startDemo(port));
  // Positions are of the process that had them.
  await bot.next("events may be missing", stopped);
  await Promise.all([bot.next("book", stopped), bot.next("order", stopped)]);
});

/** A server that follows the test's script, and signs tokens in name only. */
function startScript(
  play: (socket: WebSocket, cursor: string) => void,
  openOrders: (authorization: string | null) => readonly unknown[] = () => [],
) {
  const claims = btoa(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 3600 }));
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  return Deno.serve(options, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/page/token") return new Response(`e30.${claims}.signature`);
    if (pathname === "/orders") {
      return Response.json(openOrders(request.headers.get("Authorization")));
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => play(socket, searchParams.get("cursor") ?? "none");
    return response;
  });
}

Deno.test("the bot in Python notices a gap, and moves its position only when it has resumed", async () => {
  const python = await pythonWithWebsockets();
  if (python === undefined) return console.log("no Python with websockets here: not tried");
  const cursors: string[] = [];
  const requests: string[] = [];
  const snapshot = (sequence: number, cursor: string) =>
    `{"btcusd.ob-snap":{"asks":[["10.0","1"],["9.5","2"]],"bids":[["9.0","3"]],` +
    `"sequence":${sequence}},"cursor":"${cursor}"}`;
  const increment = (sequence: number, change: string, cursor: string) =>
    `{"btcusd.ob-inc":{${change},"sequence":${sequence}},"cursor":"${cursor}"}`;
  await using server = startScript((socket, cursor) => {
    cursors.push(cursor);
    const send = (...texts: string[]) => texts.forEach((text) => socket.send(text));
    if (cursors.length === 1) {
      socket.onmessage = ({ data }) => {
        requests.push(data);
        if (JSON.parse(data).event !== "subscribe") return;
        send(
          snapshot(4, "a3"),
          increment(5, '"asks":["9.5",""]', "a4"),
          increment(6, '"bids":[["9.0","0.0"],["8.5","4"]]', "a5"),
        );
        // When it has printed that.
        void bot.next('book", "sequence": 6').then(() => socket.close());
      };
      send(snapshot(1, "a1"), increment(3, '"asks":["9.0","1"]', "a2"));
    } else if (cursors.length === 2) {
      // The book's state comes first, and is later than the orders that are still missing.
      send(snapshot(8, "a9"));
      socket.close();
    } else if (cursors.length === 3) {
      send(
        snapshot(8, "a9"),
        '{"order":{"id":1,"state":"done"},"cursor":"a6"}',
        '{"success":{"message":"resumed","streams":["btcusd.ob-inc","order"]}}',
        increment(9, '"asks":["10.5","1"]', "b1"),
      );
      socket.close();
    }
  });
  const { port } = server.addr;
  const address = [`--url=ws://127.0.0.1:${port}`, `--token-url=${tokenUrl(port)}`];
  await using running = new Running(
    [`${ROOT}examples/python-bot/bot.py`, ...address, "--every=0.05"],
    [python],
  );
  const bot = new Bot(running);
  await until(
    () => cursors.length === 4 || undefined,
    () => `${cursors} ${bot.running.stderr.all}`,
  );
  assert.deepEqual(cursors, ["", "a5", "a5", "b1"]);
  const [book] = bot.lines.filter(({ sequence }) => sequence === 6);
  assert.deepEqual(book, { event: "book", sequence: 6, bid: ["8.5", "4"], ask: ["10.0", "1"] });
  assert.deepEqual(await bot.next("gap"), { event: "gap", after: 1, sequence: 3 });
  assert.deepEqual(requests.map((text) => JSON.parse(text).event), ["unsubscribe", "subscribe"]);
});

Deno.test("the bot in Python fetches its open orders again when events may be missing", async () => {
  const python = await pythonWithWebsockets();
  if (python === undefined) return console.log("no Python with websockets here: not tried");
  const replies = [[{ id: 1, state: "wait" }, { id: 2, state: "wait" }], [{
    id: 2,
    state: "wait",
  }]];
  const asked: (string | null)[] = [];
  await using server = startScript(
    (socket) => {
      socket.send('{"order":{"id":3,"state":"wait"}}');
      socket.send('{"status":{"message":"events may be missing","streams":["btcusd.ob-inc"]}}');
      socket.send('{"status":{"message":"events may be missing","streams":["order"]}}');
      socket.send('{"order":{"id":2,"state":"done"}}');
    },
    (authorization) => replies[asked.push(authorization) - 1] ?? [],
  );
  const url = `127.0.0.1:${server.addr.port}`;
  for (const isFetched of [true, false]) {
    const orders = isFetched ? [`--orders-url=http://${url}/orders`] : [];
    const address = [`--url=ws://${url}`, `--token-url=http://${url}/page/token`, ...orders];
    await using running: Running = new Running([`${ROOT}examples/python-bot/bot.py`, ...address], [
      python,
    ]);
    const bot: Bot = new Bot(running);
    await running.stdout.line(/"id": 2, "state": "done"/);
    assert.deepEqual(
      bot.lines.filter(({ event }) => /order/.test(event)).map(({ event, open }) => [event, open]),
      isFetched
        ? [["open orders", 2], ["order", 3], ["open orders", 1], ["order", 0]]
        : [["open orders", 0], ["order", 1], ["open orders", 0], ["order", 0]],
    );
  }
  assert.equal(asked.length, 2);
  assert.match(asked[0] ?? "", /^Bearer e30\./);
});

Deno.test("the app in React keeps book and orders over an expiring token and a restart", async () => {
  const browser = await launchChromium();
  if (browser === undefined) return console.log("no Chromium here: not tried");
  await using stack = new AsyncDisposableStack();
  stack.defer(() => browser.close());
  await using folder = await temporaryFolder();
  const app = `${folder.path}/examples/react`;
  await run(["cp", "-R", `${ROOT}examples`, folder.path]);
  await run([Deno.execPath(), "run", "-A", `${ROOT}scripts/build_client.ts`], {
    DIST: `${folder.path}/dist`,
  });
  const port = freePort();
  const env = { VITE_RANGER: `http://127.0.0.1:${port}`, VITE_TOKEN_TTL: `${TTL}` };
  await run(["npm", "--prefix", app, "install", "--no-audit", "--no-fund"]);
  await run(["npm", "--prefix", app, "run", "build"], env);

  const site = stack.use(serveFolder(`${app}/dist`));
  const server = stack.use(await startDemo(port));
  await using live = await openPage(browser, `http://127.0.0.1:${site.addr.port}/`);
  const { page } = live;
  /** Awaits a whole book, a token's user, and an event of an order. */
  async function works(): Promise<void> {
    const orders = () => page.locator("#orders tbody").innerText();
    const before = await orders();
    await live.reads("#user", /^IDDEMO000001$/);
    await live.reads("#book.live", /spread \d+\.\d+/);
    assert.equal(await page.locator("#book.live tbody tr").count(), 8 + 1 + 8);
    await until(async () => await orders() !== before || undefined, "an order");
  }
  await works();
  const expiry = () => page.locator("#expires").getAttribute("datetime");
  const first = await expiry();
  await page.locator(`#expires:not([datetime="${first}"])`).waitFor();
  await works();

  await server.stop();
  await live.reads("#book.stale", /waiting for the server/);
  stack.use(await startDemo(port));
  await works();
  assert.deepEqual(live.complaints.filter((text) => !isOutage(text)), []);
});

async function run(
  [file, ...args]: [string, ...string[]],
  env: Record<string, string> = {},
): Promise<void> {
  const { code, stdout, stderr } = await runProgram([file], args, { env });
  assert.equal(code, 0, `${file} ${args}\n${stdout}\n${stderr}`);
}

/** Serves a built app, as a web server would. */
function serveFolder(folder: string): Deno.HttpServer<Deno.NetAddr> {
  const types = { html: "text/html", js: "text/javascript", css: "text/css" };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    const name = pathname === "/" ? "/index.html" : pathname;
    const type = types[name.split(".").at(-1) as keyof typeof types] ?? "text/plain";
    const body = await Deno.readFile(folder + name).catch(() => undefined);
    return new Response(body ?? "", {
      status: body ? 200 : 404,
      headers: { "content-type": type },
    });
  });
}
