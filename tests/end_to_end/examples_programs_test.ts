import assert from "node:assert/strict";
import { findExecutable } from "../../testing/executables.ts";
import { freePort } from "../../testing/ports.ts";
import { program, ROOT, runProgram } from "../../testing/program.ts";
import { sharedBroker } from "../../testing/rabbitmq.ts";
import { startRanger } from "../../testing/ranger.ts";
import { makeKey } from "../../testing/tokens.ts";
import { startExchange, step } from "../support/exchange.ts";
import { nodeWithWebSocket } from "../support/node.ts";
import { temporaryFolder } from "../support/run_ranger.ts";
import { Running } from "../support/running.ts";

const broker = await sharedBroker();
const EXAMPLES = `${ROOT}examples`;
/** Where Debian has Go packages. */
const GOPATH = "/usr/share/gocode";
/** A line of the bot's: best prices, and the book's sequence. */
const BOOK = /^ethbtc bid (\S+) ask (\S+) sequence (\d+)$/;
const UID = "ID0000000001";

/** A program on the PATH. @returns undefined where there is none, after a line that says so */
function find(name: string): string | undefined {
  const file = findExecutable(name, (Deno.env.get("PATH") ?? "").split(":"));
  if (file === undefined) console.log(`no ${name} here: not tried`);
  return file;
}

/** Ruby, where it has a library. @returns undefined where it has not, after a line that says so */
async function rubyWith(library: string): Promise<string | undefined> {
  const ruby = find("ruby");
  if (ruby === undefined) return undefined;
  const { code } = await runProgram([ruby], ["-r", library, "-e", ""]);
  if (code === 0) return ruby;
  console.log(`no Ruby with ${library} here (Debian: ruby-${library}): not tried`);
  return undefined;
}

Deno.test("programs that read the demo", async (t) => {
  await using demo = await startRanger({ command: "demo", args: ["--quiet", "--rate", "50"] });
  await using folder = await temporaryFolder();
  const url = demo.url("/public");

  await step(t, "the bot in Node keeps a book", async () => {
    const node = await nodeWithWebSocket();
    if (node === undefined) return console.log("no Node with a WebSocket here: not tried");
    await using bot = new Running([`${EXAMPLES}/node-bot/book.mjs`, url, "ethbtc"], node);
    let sequence = 0;
    for (let lines = 0; lines < 10; lines++) {
      const found = await bot.stdout.line(BOOK, lines);
      assert.ok(Number(found[1]) < Number(found[2]), found[0]);
      assert.ok(Number(found[3]) > sequence, found[0]);
      sequence = Number(found[3]);
    }
    assert.deepEqual(bot.stderr.all, []);
  });

  await step(t, "the program in Go prints trades", async () => {
    const go = find("go");
    if (go === undefined) return;
    const library = "github.com/gorilla/websocket";
    if (await Deno.stat(`${GOPATH}/src/${library}`).catch(() => undefined) === undefined) {
      return console.log(`no ${library} here (golang-github-gorilla-websocket-dev): not tried`);
    }
    const trades = `${folder.path}/trades`;
    const built = await runProgram([go], ["build", "-o", trades, `${EXAMPLES}/go/main.go`], {
      env: { GO111MODULE: "off", GOPATH, GOFLAGS: "", GOCACHE: `${folder.path}/go` },
    });
    assert.equal(built.code, 0, built.stderr);
    await using reader = new Running([url, "btcusd"], [trades]);
    await reader.stderr.line(/success .*"subscribed","streams":\["btcusd\.trades"\]/);
    await reader.stdout.line(/^btcusd \d+ (buy|sell) \d+\.\d+ at \d+\.\d+$/);
  });

  await step(t, "the shell makes a table of trades, with ranger tail and jq", async () => {
    if (find("jq") === undefined) return;
    const ranger = await folder.write(
      "ranger",
      `#!/bin/sh\nexec ${program().map((word) => `'${word}'`).join(" ")} "$@"\n`,
    );
    await Deno.chmod(ranger, 0o755);
    const { code, stdout, stderr } = await runProgram(
      [`${EXAMPLES}/shell/tail.sh`],
      ["btcusd", "3"],
      { env: { RANGER: ranger, RANGER_URL: url } },
    );
    assert.equal(code, 0, stderr);
    const rows = stdout.trimEnd().split("\n");
    assert.ok(rows.length >= 3, stdout);
    for (const row of rows) {
      assert.match(row, /^\d{4}-\d\d-\d\dT[\d:]+Z\t[\d.]+\t[\d.]+\t(buy|sell)$/);
    }
  });

  await step(t, "the shell reads server-sent events with curl", async () => {
    if (find("curl") === undefined) return;
    const events = demo.publicUrl("/public");
    const probe = await fetch(`${events}?stream=btcusd.trades`, {
      headers: { Accept: "text/event-stream" },
    });
    await probe.body?.cancel();
    if (!probe.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      return console.log("the server sends no server-sent events: not tried");
    }
    // timeout(1) passes its signal on to the shell's whole group, curl too.
    const args = ["60", `${EXAMPLES}/shell/events.sh`, "btcusd.trades", events];
    await using reader = new Running(args, ["timeout"]);
    try {
      await reader.stdout.line(/^\{"btcusd\.trades":\{"trades":\[/);
      await reader.stderr.line(/"subscribed","streams":\["btcusd\.trades"\]/);
    } finally {
      await reader.end("SIGTERM");
    }
  });
});

Deno.test("the bot in Node connects again after the server has restarted", async () => {
  const node = await nodeWithWebSocket();
  if (node === undefined) return console.log("no Node with a WebSocket here: not tried");
  const args = ["--quiet", "--rate", "50", "--port", String(freePort())];
  await using first = await startRanger({ command: "demo", args });
  const url = first.url("/public");
  await using bot = new Running([`${EXAMPLES}/node-bot/book.mjs`, url, "ethbtc"], node);
  await bot.stdout.line(BOOK);
  await first.stop();
  await bot.stderr.line(/^closed \(1001 .*\); again in \d+ ms$/);
  await bot.stderr.line(/^connection failed; again in \d+ ms$/);
  const lines = bot.stdout.all.length;
  await using _second = await startRanger({ command: "demo", args });
  await bot.stdout.line(BOOK, lines);
});

Deno.test("programs of the exchange's side", async (t) => {
  const key = await makeKey("RS256");
  const barong = ["--jwt-issuer", "barong", "--jwt-audience", "peatio"];
  await using exchange = await startExchange(broker, { key, args: barong });
  await using folder = await temporaryFolder();
  const keyFile = await folder.write("jwt.key", key.privatePem);
  let order = 0;

  /** Connects with a token that a program printed, and asserts that its user's events come. */
  const assertIssues = async (command: readonly [string, ...string[]]) => {
    const { code, stdout, stderr } = await runProgram(command, [keyFile, UID]);
    assert.equal(code, 0, stderr);
    const payload = JSON.parse(atob(stdout.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
    assert.deepEqual(Object.keys(payload).sort(), [
      ...["aud", "exp", "iat", "iss", "jti", "role", "sub", "uid"],
    ]);
    assert.equal(payload.role, "member");
    await using client = await exchange.connect("/private?stream=order", { token: stdout.trim() });
    const body = `{"id":${++order}}`;
    await exchange.publish(`private.${UID}.order`, body);
    assert.equal(await client.next(), `{"order":${body}}`);
  };

  await step(t, "the token that Node issues opens the user's streams", async () => {
    const node = find("node");
    if (node !== undefined) await assertIssues([node, `${EXAMPLES}/jwt-node/token.mjs`]);
  });

  await step(t, "the token that Ruby issues opens the user's streams", async () => {
    const ruby = await rubyWith("jwt");
    if (ruby !== undefined) await assertIssues([ruby, `${EXAMPLES}/jwt-ruby/token.rb`]);
  });

  await step(t, "what the Ruby publisher publishes reaches its subscribers", async () => {
    const ruby = await rubyWith("bunny");
    if (ruby === undefined) return;
    const streams = ["btcusd.ob-inc", "btcusd.trades", "order"];
    await using client = await exchange.connect(
      `/public?${streams.map((stream) => `stream=${stream}`).join("&")}`,
      { token: await key.token({ uid: UID, iss: "barong", aud: ["peatio"] }) },
    );
    const { hostname, port } = new URL(broker.url);
    const { code, stdout, stderr } = await runProgram(
      [ruby, `${EXAMPLES}/ruby-publisher/publish.rb`],
      [],
      {
        env: {
          RABBITMQ_HOST: hostname,
          RABBITMQ_PORT: port,
          EXCHANGE: exchange.source[exchange.source.indexOf("--exchange") + 1]!,
        },
      },
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "public.btcusd.ob-snap",
      "public.btcusd.ob-inc",
      "public.btcusd.ob-inc",
      "public.btcusd.trades",
      `private.${UID}.order`,
    ]);
    const received = await client.take(5);
    assert.equal(
      received[0],
      '{"btcusd.ob-snap":{"asks":[["1001.9","2.5"],["1002.0","1.0"]],"bids":[["1000.0","0.25"]],"sequence":1}}',
    );
    assert.equal(received[1], '{"btcusd.ob-inc":{"asks":["1001.9","2.0"],"sequence":2}}');
    assert.equal(received[2], '{"btcusd.ob-inc":{"asks":["1002.0",""],"sequence":3}}');
    assert.match(received[3]!, /^\{"btcusd\.trades":\{"trades":\[\{"tid":7,/);
    assert.match(received[4]!, /^\{"order":\{"id":22,/);
    await using late = await exchange.connect("/public?stream=btcusd.ob-inc");
    assert.equal(
      await late.next(),
      '{"btcusd.ob-snap":{"asks":[["1001.9","2.0"]],"bids":[["1000.0","0.25"]],"sequence":3}}',
    );
  });
});
